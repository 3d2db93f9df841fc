"""Why `run` raised: often the request is to blame, and the caller can be told where.

Only looked at after a failure, so that what works costs nothing.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from zaffre_sdk.scoring.script import named

BAD_REQUEST = 400
MODEL_ERROR = 424


class Diagnosis(NamedTuple):
    """Who is to blame (400 the caller, 424 the script), a stable code, and words."""

    status: int
    code: str
    message: str


def diagnose(body: bytes, error: BaseException, *, sample: Any) -> Diagnosis:
    """Return what the caller is told.

    Args:
        body: What was sent.
        error: What `run` raised.
        sample: A body that the script takes, or None when it did not declare one.
    """
    raised = f"`run` raised {named(error).rstrip('.')}"
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as reason:
        if isinstance(error, RecursionError):
            return Diagnosis(BAD_REQUEST, "InvalidJson", "The body nests too deep to be read.")
        if isinstance(error, json.JSONDecodeError):
            return Diagnosis(BAD_REQUEST, "InvalidJson", f"The body is not JSON: {reason}.")
        return Diagnosis(MODEL_ERROR, "UserScriptError", f"{raised}.")
    found = _missing(content, error) or _in_table(content, error, sample)
    if found:
        code, message = found
        return Diagnosis(BAD_REQUEST, code, f"{message} ({raised}.)")
    return Diagnosis(MODEL_ERROR, "UserScriptError", f"{raised}.")


def _missing(content: Any, error: BaseException) -> tuple[str, str] | None:
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    if isinstance(key, str) and isinstance(content, dict) and key not in content:
        return "MissingField", f"The body has no `{key}`."
    return None


def _in_table(content: Any, error: BaseException, sample: Any) -> tuple[str, str] | None:
    name, rows = _table(content)
    if rows is None or not isinstance(error, (ValueError, TypeError, LookupError)):
        return None
    if not rows:
        return "EmptyInput", f"`{name}` is empty."
    return _ragged(name, rows) or _mixed(name, rows) or _columns(name, rows, sample)


def _table(content: Any) -> tuple[str, list[Any] | None]:
    """Return the first list of a body with its name; `body` when the body is one itself."""
    if isinstance(content, list):
        return "body", content
    if isinstance(content, dict):
        return next(((k, v) for k, v in content.items() if isinstance(v, list)), ("body", None))
    return "body", None


def _ragged(name: str, rows: list[Any]) -> tuple[str, str] | None:
    if not isinstance(rows[0], list):
        return None
    width = len(rows[0])
    for index, row in enumerate(rows):
        length = len(row) if isinstance(row, list) else None
        if length != width:
            seen = "is no list" if length is None else f"has {length} values"
            return "RaggedRows", f"Row {index} of `{name}` {seen}, and row 0 has {width}."
    return None


def _mixed(name: str, rows: list[Any]) -> tuple[str, str] | None:
    """Find what is no finite number in a table that otherwise has numbers."""
    cells = [
        (row_index, column, value)
        for row_index, row in enumerate(rows)
        for column, value in enumerate(row if isinstance(row, list) else [row])
    ]
    odd = [cell for cell in cells if not _is_number(cell[2])]
    if not odd or len(odd) * 2 > len(cells):
        return None
    row_index, column, value = odd[0]
    shown = json.dumps(value)[:100]
    where = f"Row {row_index}, column {column} of `{name}`"
    return "InvalidValue", f"{where} is {shown}, where numbers are expected."


def _is_number(value: Any) -> bool:
    # Whole numbers may be too large for `isfinite`, which makes floats of them.
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _columns(name: str, rows: list[Any], sample: Any) -> tuple[str, str] | None:
    """Compare with a sample that the script declared itself."""
    expected = sample.get(name) if isinstance(sample, dict) else None
    if not isinstance(expected, list) or not expected:
        return None
    model, row = expected[0], rows[0]
    if not isinstance(model, list) or not isinstance(row, list) or len(model) == len(row):
        return None
    return "WrongColumns", f"Row 0 of `{name}` has {len(row)} values; {len(model)} are expected."
