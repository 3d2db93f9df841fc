"""From what `run` returned, or raised, to an HTTP answer."""

from __future__ import annotations

import json
from typing import Any, Final

from zaffre_sdk.scoring.frames import Answer

JSON: Final = b"content-type:application/json"
_FAILED: Final = JSON + b"\nms-azureml-model-error-statuscode:500\nms-azureml-model-error-reason:"
_NOT_ALLOWED: Final = frozenset(
    {"content-length", "connection", "transfer-encoding", "set-cookie"}
)
MODEL_ERROR: Final = 424


def _plain(value: Any) -> Any:
    """Return what JSON can say for the arrays and numbers of numpy and its kin."""
    to_list = getattr(value, "tolist", None)
    if to_list is None:
        raise TypeError(type(value).__name__)
    return to_list()


_encode = json.JSONEncoder(default=_plain).encode


def answer_of(result: Any, microseconds: int) -> Answer:
    """Return the answer for what `run` returned.

    None becomes an empty object, a response its own status, headers and body, and everything else
    JSON: a string is encoded once more, also one that is JSON already, as Azure ML does. Arrays
    become lists.

    Raises:
        TypeError: JSON cannot say it.
    """
    if hasattr(result, "status_code") and hasattr(result, "get_data"):
        return _response(result, microseconds)
    body = b"{}" if result is None else _encode(result).encode()
    return Answer(200, microseconds, JSON, body)


def error_answer(
    status: int, code: str, message: str, *, inner: dict[str, Any] | None = None
) -> Answer:
    """Return an answer in the form of the Azure REST API guidelines; 424 blames the model."""
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "target": "run" if status == MODEL_ERROR else "body",
        "details": [],
        "innererror": inner or {},
    }
    headers = _FAILED + code.encode() if status == MODEL_ERROR else JSON
    body = json.dumps({"error": error}, default=str).encode()
    return Answer(status, 0, headers + b"\nx-ms-error-code:" + code.encode(), body)


def _response(result: Any, microseconds: int) -> Answer:
    body = result.get_data()
    lines: list[bytes] = []
    for name, value in result.headers.items():
        line = f"{str(name).lower()}:{value}"
        if str(name).lower() not in _NOT_ALLOWED and "\n" not in line and "\r" not in line:
            lines.append(line.encode("latin-1", "replace"))
    data = body if isinstance(body, bytes) else str(body).encode()
    return Answer(int(result.status_code), microseconds, b"\n".join(lines), data)
