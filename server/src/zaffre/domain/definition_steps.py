"""Which steps of a definition can be followed: their columns, counts, chances and conditions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from zaffre.base.text import closest, shown
from zaffre.domain.errors import InvalidError

_MAX_STEPS: Final = 1000
_MAX_COLUMNS: Final = 10_000
_MAX_NAME: Final = 1024
_MAX_NODES: Final = 10_000
_TABULAR_ONLY: Final = frozenset({"keep_columns", "drop_columns", "time_range"})
_OPERANDS: Final[dict[str, tuple[int, int]]] = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "**"), (2, 2)),
    **dict.fromkeys(("&", "|", "+", "-", "*", "/", "//", "%"), (2, _MAX_NODES)),
    **dict.fromkeys(("starts_with", "ends_with", "contains", "index_of"), (2, 2)),
    **dict.fromkeys(("is_null", "is_not_null", "is_error", "length", "lower", "upper"), (1, 1)),
    "substring": (2, 3),
    "~": (1, 1),
}

Step = Mapping[str, Any]


def refused(message: str, target: str, hint: str | None = None) -> InvalidError:
    """Return the error for a fault at a place of the definition."""
    place = f"definition.{target}" if target else "definition"
    return InvalidError("InvalidDefinition", message, target=place, hint=hint)


def check_word(word: str, words: Sequence[str], target: str) -> str:
    """Return the word if it is one of those that there are.

    Raises:
        InvalidError: `InvalidDefinition`, naming them.
    """
    if word in words:
        return word
    meant = closest(word, words)
    guess = f"Did you mean {shown(meant)}? " if meant else ""
    raise refused(
        f"There is no {target.rpartition('.')[2]} {shown(word)}.",
        target,
        f"{guess}There is: {', '.join(words)}.",
    )


def check_column(name: str, target: str) -> None:
    """Refuse what no column is called.

    Raises:
        InvalidError: `InvalidDefinition`.
    """
    if not 0 < len(name) <= _MAX_NAME or "\0" in name:
        raise refused(
            f"{shown(name)} is no name of a column: it has 1 to {_MAX_NAME} characters.", target
        )


def check_steps(steps: Sequence[Step], *, tabular: bool) -> None:
    """Refuse steps that could not be followed.

    Raises:
        InvalidError: `InvalidDefinition`, naming the step.
    """
    if len(steps) > _MAX_STEPS:
        raise refused(
            f"The definition has {len(steps)} steps; at most {_MAX_STEPS} are kept.", "steps"
        )
    for index, step in enumerate(steps):
        if not tabular and step["do"] in _TABULAR_ONLY:
            raise refused(
                f"A dataset of files has no columns for {shown(step['do'])}.", f"steps[{index}].do"
            )
        _CHECKS[step["do"]](step, f"steps[{index}]")


def _columns(step: Step, target: str) -> None:
    columns = step["columns"]
    if not 0 < len(columns) <= _MAX_COLUMNS:
        raise refused(f"The step names {len(columns)} columns.", f"{target}.columns")
    for column in columns:
        check_column(column, f"{target}.columns")
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise refused(f"The column {shown(twice)} is named twice.", f"{target}.columns")


def _count(step: Step, target: str) -> None:
    if step["count"] < 0:
        raise refused(f"{step['count']} is no number of records.", f"{target}.count")


def _sample(step: Step, target: str) -> None:
    _share(step["probability"], f"{target}.probability")


def _split(step: Step, target: str) -> None:
    _share(step["percentage"], f"{target}.percentage")


def _share(share: float, target: str) -> None:
    if not 0 <= share <= 1:
        raise refused(f"{share} is not between 0 and 1.", target)


def _filter(step: Step, target: str) -> None:
    _expression(step["condition"], f"{target}.condition", [_MAX_NODES])


def _expression(node: Step, target: str, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise refused(f"The condition has more than {_MAX_NODES} parts.", target)
    if node["is"] == "column":
        check_column(node["name"], f"{target}.name")
    elif node["is"] == "literal":
        if node.get("datetime", False):
            _moment(node.get("value"), f"{target}.value")
    else:
        _operation(node, target, left)


def _operation(node: Step, target: str, left: list[int]) -> None:
    operator = check_word(node["operator"], tuple(_OPERANDS), f"{target}.operator")
    least, most = _OPERANDS[operator]
    operands = node["operands"]
    if not least <= len(operands) <= most:
        raise refused(
            f"The operator {shown(operator)} has {len(operands)} operands; it takes {least}"
            f"{'' if least == most else ' or more'}.",
            f"{target}.operands",
        )
    for index, operand in enumerate(operands):
        _expression(operand, f"{target}.operands[{index}]", left)


def _time_range(step: Step, target: str) -> None:
    check_column(step["column"], f"{target}.column")
    ends = {name: step.get(name) for name in ("start", "end")}
    for name, time in ends.items():
        if time is not None:
            _moment(time, f"{target}.{name}")
    if not any(ends.values()):
        raise refused("The range of time has neither start nor end.", target)


def _moment(text: object, target: str) -> None:
    try:
        datetime.fromisoformat(str(text))
    except ValueError:
        raise refused(
            f"{shown(text)} is no time.", target, "Write it as `2020-04-01T12:30:00`."
        ) from None


_CHECKS: Final[dict[str, Callable[[Step, str], None]]] = {
    "keep_columns": _columns,
    "drop_columns": _columns,
    "skip": _count,
    "take": _count,
    "sample": _sample,
    "split": _split,
    "filter": _filter,
    "time_range": _time_range,
}
