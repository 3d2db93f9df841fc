"""Conditions over columns, as programs write them: `dataset["age"] > 30`."""

from __future__ import annotations

import math
from datetime import date, datetime
from numbers import Integral, Real
from typing import Any, NoReturn

from azureml.data._moments import moment_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import Column, Expression, Literal, Operation

__all__ = ["ColumnExpression", "column", "condition_of"]

_CHAINED = ("&", "|")
_FROM_LEFT = ("+", "-", "*", "/", "//", "%")
_DEEPEST = 25
"""How deep conditions may nest: JSON that nests deeper than 64 levels is refused by servers."""
_METHODS = {"lower": "to_lower", "upper": "to_upper"}


class ColumnExpression:
    """A column, or what is computed of columns; compared, it becomes a condition.

    Conditions are joined with `&`, `|` and `~`, each in parentheses: Python's `and`, `or` and
    `not` would ask whether the expression itself is true.
    """

    __hash__ = object.__hash__
    # Else NumPy takes the expression for an element, and asks whether the comparison is true.
    __array_ufunc__ = None

    def __init__(self, expression: Expression) -> None:
        self._expression = expression

    def is_null(self) -> ColumnExpression:
        """Whether there is no value."""
        return self._then("is_null")

    def is_error(self) -> ColumnExpression:
        """Whether the value could not be read as the type of the column."""
        return self._then("is_error")

    def contains(self, value: Any) -> ColumnExpression:
        """Whether the text has `value` in it."""
        return self._then("contains", value)

    def starts_with(self, value: Any) -> ColumnExpression:
        """Whether the text begins with `value`."""
        return self._then("starts_with", value)

    def ends_with(self, value: Any) -> ColumnExpression:
        """Whether the text ends with `value`."""
        return self._then("ends_with", value)

    def length(self) -> ColumnExpression:
        """How many characters the text has."""
        return self._then("length")

    def to_upper(self) -> ColumnExpression:
        """The text in capital letters."""
        return self._then("upper")

    def to_lower(self) -> ColumnExpression:
        """The text in small letters."""
        return self._then("lower")

    def substring(self, start: Any, length: Any = None) -> ColumnExpression:
        """Part of the text, `start` counted from 0; to its end without `length`."""
        return self._then("substring", start, *([] if length is None else [length]))

    def index_of(self, value: Any) -> ColumnExpression:
        """Where `value` begins in the text, counted from 0; -1 when it is not there."""
        return self._then("index_of", value)

    def __eq__(self, other: object) -> ColumnExpression:  # type: ignore[override] # not a truth
        return self._then("is_null") if other is None else self._then("==", other)

    def __ne__(self, other: object) -> ColumnExpression:  # type: ignore[override] # not a truth
        return self._then("is_not_null") if other is None else self._then("!=", other)

    def __lt__(self, other: Any) -> ColumnExpression:
        return self._then("<", other)

    def __le__(self, other: Any) -> ColumnExpression:
        return self._then("<=", other)

    def __gt__(self, other: Any) -> ColumnExpression:
        return self._then(">", other)

    def __ge__(self, other: Any) -> ColumnExpression:
        return self._then(">=", other)

    def __and__(self, other: Any) -> ColumnExpression:
        return self._then("&", other)

    def __rand__(self, other: Any) -> ColumnExpression:
        return self._after("&", other)

    def __or__(self, other: Any) -> ColumnExpression:
        return self._then("|", other)

    def __ror__(self, other: Any) -> ColumnExpression:
        return self._after("|", other)

    def __invert__(self) -> ColumnExpression:
        return self._then("~")

    def __add__(self, other: Any) -> ColumnExpression:
        return self._then("+", other)

    def __radd__(self, other: Any) -> ColumnExpression:
        return self._after("+", other)

    def __sub__(self, other: Any) -> ColumnExpression:
        return self._then("-", other)

    def __rsub__(self, other: Any) -> ColumnExpression:
        return self._after("-", other)

    def __mul__(self, other: Any) -> ColumnExpression:
        return self._then("*", other)

    def __rmul__(self, other: Any) -> ColumnExpression:
        return self._after("*", other)

    def __truediv__(self, other: Any) -> ColumnExpression:
        return self._then("/", other)

    def __rtruediv__(self, other: Any) -> ColumnExpression:
        return self._after("/", other)

    def __floordiv__(self, other: Any) -> ColumnExpression:
        return self._then("//", other)

    def __rfloordiv__(self, other: Any) -> ColumnExpression:
        return self._after("//", other)

    def __mod__(self, other: Any) -> ColumnExpression:
        return self._then("%", other)

    def __rmod__(self, other: Any) -> ColumnExpression:
        return self._after("%", other)

    def __pow__(self, other: Any) -> ColumnExpression:
        return self._then("**", other)

    def __rpow__(self, other: Any) -> ColumnExpression:
        return self._after("**", other)

    def __bool__(self) -> NoReturn:
        raise RuntimeError(
            "An expression over columns is neither true nor false. "
            "Join conditions with `&`, `|` and `~`, each in parentheses."
        )

    def __repr__(self) -> str:
        return written(self._expression)

    def _then(self, operator: str, *operands: Any) -> ColumnExpression:
        return _operation(operator, [self._expression, *(_operand(one) for one in operands)])

    def _after(self, operator: str, other: Any) -> ColumnExpression:
        return _operation(operator, [_operand(other), self._expression])


def column(name: Any) -> ColumnExpression:
    """Return the expression for a column.

    Raises:
        TypeError: `name` is not a text.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"A column is named by a text, not {name!r} ({type(name).__name__}).\n"
            "`keep_columns` keeps several columns."
        )
    return ColumnExpression(Column(name))


def condition_of(expression: Any) -> Expression:
    """Return the expression that `filter` was given.

    Raises:
        UserErrorException: It is none.
    """
    if not isinstance(expression, ColumnExpression):
        raise UserErrorException(
            f"`filter` needs a condition over columns, not {expression!r} "
            f"({type(expression).__name__}).\nFor example: "
            "`dataset.filter(dataset['age'] > 30)`."
        )
    return _checked(expression._expression)  # noqa: SLF001 - one module


def _checked(expression: Expression) -> Expression:
    """Return the expression unless it nests so deeply that no server takes it."""
    level, depth = [expression], 0
    while level:
        depth += 1
        operations = [one for one in level if isinstance(one, Operation)]
        level = [operand for one in operations for operand in one.operands]
    if depth > _DEEPEST:
        raise UserErrorException(
            f"The condition nests {depth} levels deep; at most {_DEEPEST} are taken.\n"
            "A chain of one operator counts as one level, however long it is: join with one of "
            "`&` and `|`, or call `filter` several times, each with a part of the condition."
        )
    return expression


def written(expression: Expression) -> str:
    """Return an expression as a program would write it."""
    if isinstance(expression, Column):
        return f"dataset[{expression.name!r}]"
    if isinstance(expression, Literal):
        return repr(expression.value)
    return _called(expression.operator, [written(one) for one in expression.operands])


def _called(operator: str, words: list[str]) -> str:
    if operator == "is_not_null":
        return f"({words[0]} != None)"
    if operator[0].isalpha():
        return f"{words[0]}.{_METHODS.get(operator, operator)}({', '.join(words[1:])})"
    if len(words) == 1:
        return f"{operator}{words[0]}"
    return f"({f' {operator} '.join(words)})"


def _operation(operator: str, operands: list[Expression]) -> ColumnExpression:
    """Return an operation; a chain of one operator is one operation.

    Nested, a few dozen of them would be deeper than what a server takes. Arithmetic is computed
    from the left, so that there only what stands on the left is part of the chain.
    """
    first, *others = operands
    if operator in _CHAINED:
        operands = [link for one in operands for link in _links(one, operator)]
    elif operator in _FROM_LEFT and others:
        operands = [*_links(first, operator), *others]
    elif operator == "~" and (again := _denied_twice(first)) is not None:
        return ColumnExpression(again)
    return ColumnExpression(Operation(operator, operands))


def _denied_twice(expression: Expression) -> Expression | None:
    """Return `~x` for `~~x`, of which the denial is just that."""
    inner = _links(expression, "~")[0]
    return inner if inner is not expression and _links(inner, "~")[0] is not inner else None


def _links(expression: Expression, operator: str) -> list[Expression]:
    if isinstance(expression, Operation) and expression.operator == operator:
        return expression.operands
    return [expression]


def _operand(value: Any) -> Expression:
    if isinstance(value, ColumnExpression):
        return value._expression  # noqa: SLF001 - one module
    return literal(value)


def literal(value: Any) -> Literal:
    """Return a value as expressions hold it.

    Raises:
        UserErrorException: It is of a kind that no column has.
    """
    value = _plain(value)
    if isinstance(value, datetime):
        return Literal(moment_of(value), datetime=True)
    if isinstance(value, date):
        return Literal(value.isoformat(), datetime=True)
    if value is None or isinstance(value, (str, bool)):
        return Literal(value)
    if isinstance(value, Integral):
        return Literal(int(value))
    if isinstance(value, Real) and math.isfinite(value):
        return Literal(float(value))
    raise UserErrorException(
        f"A column cannot be compared or computed with {value!r} ({type(value).__name__}).\n"
        "A text, a finite number, a boolean, a date and time or another column is expected; "
        "`is_null()` tells where there is no value."
    )


def _plain(value: Any) -> Any:
    """Return a value of NumPy as one of Python."""
    if type(value).__name__ == "datetime64":
        value = value.astype("datetime64[us]")  # A finer one would become a number.
    return value.item() if getattr(value, "ndim", None) == 0 else value
