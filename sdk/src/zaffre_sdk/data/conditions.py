"""Conditions over the columns of one record, in plain Python; null is None."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime

from zaffre_sdk.errors import SourceError
from zaffre_sdk.wire.datasets import Column, Expression, Literal

_Function = Callable[..., object]

_COMPARISONS: dict[str, _Function] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, _Function] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_TEXTS: dict[str, _Function] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": operator.contains,
    "length": len,
    "lower": str.lower,
    "upper": str.upper,
    "index_of": str.find,
    "substring": lambda text, start, length=None: (
        text[start:] if length is None else text[start : start + length]
    ),
}


def evaluate(expression: Expression, row: Mapping[str, object]) -> object:
    """Return the value of an expression for a record.

    Raises:
        SourceError: It names a column that is not there, or an operator that is not known.
    """
    if isinstance(expression, Column):
        if expression.name not in row:
            raise SourceError(
                f"There is no column `{expression.name}`; there are {', '.join(sorted(row))}."
            )
        return row[expression.name]
    if isinstance(expression, Literal):
        value = expression.value
        return datetime.fromisoformat(str(value)) if expression.datetime else value
    return _operate(expression.operator, [evaluate(one, row) for one in expression.operands])


def is_true(value: object) -> bool:
    """Tell whether a condition is met; one that cannot be told is not."""
    return value is True


def _operate(name: str, values: list[object]) -> object:
    if name in _LOGIC:
        return _LOGIC[name](values)
    if name in _ARITHMETIC:
        return functools.reduce(functools.partial(_compute, _ARITHMETIC[name]), values)
    function = _COMPARISONS.get(name) or _TEXTS.get(name)
    if function is None:
        raise SourceError(f"`{name}` is no operator; install the newest zaffre-sdk.")
    return _compute(function, *values)


def _compute(function: _Function, *values: object) -> object:
    if any(value is None for value in values):
        return None  # What is not there compares with nothing.
    try:
        return function(*values)
    except (TypeError, ArithmeticError):
        return None


_LOGIC: dict[str, Callable[[list[object]], object]] = {
    "is_null": lambda values: values[0] is None,
    "is_not_null": lambda values: values[0] is not None,
    "is_error": lambda values: isinstance(values[0], float) and math.isnan(values[0]),
    "&": lambda values: all(is_true(value) for value in values),
    "|": lambda values: any(is_true(value) for value in values),
    "~": lambda values: not is_true(values[0]),
}
