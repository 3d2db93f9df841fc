"""What is logged, as values that travel."""

from __future__ import annotations

from typing import Any, Union

Value = Union[None, bool, int, float, str, "list[Value]", "dict[str, Value]"]
LoggedPoint = tuple[str, str, Value, "int | None", float]

PLAIN = frozenset({bool, int, float, str, type(None)})
_LARGEST = 2**63


def plain(value: Any) -> Value:  # noqa: ANN401 (whatever a program logs)
    """Return a copy of a value made of numbers, text, lists and mappings; never fail.

    Scalars and arrays of numpy, torch and pandas become numbers and lists; what has no number in
    it becomes text.
    """
    if type(value) in PLAIN:
        return value  # type: ignore[no-any-return]  # one of the plain types
    try:
        return _converted(value)
    except (TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError):
        return _text(value)


def storable(point: LoggedPoint) -> LoggedPoint:
    """Return a point that no encoder refuses: numbers within 64 bits, text within Unicode."""
    name, kind, value, step, time = point
    return (
        _encodable(_text(name)),
        _encodable(_text(kind)),
        _stored(plain(value)),
        None if step is None else _whole(step),
        time,
    )


def _whole(step: Any) -> int | None:  # noqa: ANN401 (whatever a program logs)
    try:
        return max(-_LARGEST, min(int(step), _LARGEST - 1))
    except (TypeError, ValueError, OverflowError):
        return None


def _converted(value: Any) -> Value:  # noqa: ANN401 (whatever a program logs)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        items = value.tolist()
        return plain(items) if type(items) in PLAIN or isinstance(items, list) else _text(items)
    if isinstance(value, (str, bytes, bytearray)):
        return value.decode("utf-8", "replace") if not isinstance(value, str) else str(value)
    return float(value)


def _stored(value: Value) -> Value:
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _within(value)
    if isinstance(value, list):
        return [_stored(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _stored(item) for key, item in value.items()}
    return value


def _within(number: int) -> int | float:
    if -_LARGEST <= number < _LARGEST:
        return number
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(value: Any) -> str:  # noqa: ANN401 (whatever a program logs)
    try:
        return str(value)
    except Exception:  # noqa: BLE001 (a foreign __str__ may raise anything; logging must not)
        return f"<{type(value).__name__}>"
