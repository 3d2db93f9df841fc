"""From what `run` returned, or raised, to an HTTP answer."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from zaffre_sdk.scoring.frames import MAX_FRAME, Answer

JSON: Final = b"content-type:application/json"
_FAILED: Final = JSON + b"\nms-azureml-model-error-statuscode:500\nms-azureml-model-error-reason:"
_NOT_ALLOWED: Final = frozenset(
    {"content-length", "connection", "transfer-encoding", "set-cookie"}
)
MODEL_ERROR: Final = 424
MAX_BODY: Final = MAX_FRAME - (1 << 20)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_NO_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


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
        ValueError: Its status is none, or it is too long.
    """
    if hasattr(result, "status_code") and hasattr(result, "get_data"):
        return _bounded(_response(result, microseconds))
    body = b"{}" if result is None else _encode(result).encode()
    return _bounded(Answer(200, microseconds, JSON, body))


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


def _bounded(answer: Answer) -> Answer:
    if len(answer.body) > MAX_BODY:
        raise ValueError(f"it has {len(answer.body)} bytes, and at most {MAX_BODY} are sent")
    return answer


def _response(result: Any, microseconds: int) -> Answer:
    status = int(result.status_code)
    if not 200 <= status < 600:  # noqa: PLR2004 (what may end a request)
        raise ValueError(f"the status {status} does not end a request; use one from 200 to 599")
    lines: list[bytes] = []
    for field, content in result.headers.items():
        name, value = str(field).lower(), str(content)
        if name not in _NOT_ALLOWED and _NAME.fullmatch(name) and not _NO_VALUE.search(value):
            lines.append(f"{name}:{value}".encode("latin-1", "replace"))
    body = result.get_data()
    data = body if isinstance(body, bytes) else str(body).encode()
    return Answer(status, microseconds, b"\n".join(lines), data)
