"""Values as a browser can have them, and as a person reads them."""

from __future__ import annotations

import math
from typing import Any

# Beyond this a browser rounds whole numbers.
_LARGEST_WHOLE = 2**53
_LONGEST_TEXT = 2000
_MINUTE = 60


def plain(value: Any) -> Any:  # noqa: ANN401 (metrics and tags hold anything that JSON has)
    """Return `value` so that JSON and a browser keep it: no NaN, no endless or huge numbers."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return _plain_cell(value)


def number(value: object) -> float | None:
    """Return a finite number that can be drawn, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # a whole number beyond every float
        return None


def shown(value: object) -> str:
    """Return one value as short text."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Return a span of time as `h:mm:ss`."""
    whole = max(int(seconds), 0)
    minutes, left = divmod(whole, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{left:02}"


def _plain_cell(value: Any) -> Any:  # noqa: ANN401 (as above)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        return str(value)
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}…"
    return value
