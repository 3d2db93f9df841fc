"""Conditions over columns, in words of DuckDB's SQL.

What is null compares with nothing, unequal included, so that each condition is true or false.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

from zaffre_sdk.data.tabular.conversion import quoted
from zaffre_sdk.data.tabular.fields import Field
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import Column, Expression, Literal, Operation

_COMPARISONS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_LONGEST = 10_000
_MOST_OPERANDS = 300
"""Each is three levels of what DuckDB computes, of which it takes 1000."""
_NUMBERS = frozenset({"integer", "float", "boolean"})


class Term(NamedTuple):
    """The SQL of an expression.

    Attributes:
        sql: Of its value.
        kind: As of a column; `null` of none.
        misfit: Of whether it is the cell of a column that does not fit its type.
    """

    sql: str
    kind: str
    misfit: str = "false"


def condition_sql(expression: Expression, fields: Mapping[str, Field]) -> str:
    """Return the SQL of a condition.

    Raises:
        DataError: It names a column or an operator that there is not, or is no condition.
    """
    return _truth(_term(expression, fields))


def columns_in(expression: Expression) -> set[str]:
    """Return the columns that an expression names."""
    if isinstance(expression, Operation):
        return {name for one in expression.operands for name in columns_in(one)}
    return {expression.name} if isinstance(expression, Column) else set()


def _term(expression: Expression, fields: Mapping[str, Field]) -> Term:
    if isinstance(expression, Column):
        field = fields.get(expression.name)
        if field is None:
            raise DataError(
                f"There is no column `{expression.name}`.\nThe columns are: {', '.join(fields)}."
            )
        return Term(field.column, field.kind, field.misfit)
    if isinstance(expression, Literal):
        return _literal(expression)
    return _operation(expression, [_term(one, fields) for one in expression.operands])


def _literal(given: Literal) -> Term:
    value = given.value
    if value is None:
        return Term("NULL", "null")
    if given.datetime:
        return _moment(Term(quoted(str(value)), "string"))
    if isinstance(value, bool):
        return Term(str(value).lower(), "boolean")
    return _number_of(value) if isinstance(value, (int, float)) else Term(quoted(value), "string")


def _number_of(value: float) -> Term:
    if isinstance(value, int):
        return Term(f"({value})", "integer")
    return Term(f"{quoted(repr(value))}::DOUBLE", "float")


def _operation(operation: Operation, terms: list[Term]) -> Term:
    name = operation.operator
    if name in _COMPARISONS:
        _expect(name, terms, 2)
        return _comparison(_COMPARISONS[name], terms[0], terms[1])
    if name in _LOGIC:
        return Term(_LOGIC[name]([_truth(term) for term in terms]), "boolean")
    if name in _ARITHMETIC:
        if len(terms) < 2 or name == "**":  # noqa: PLR2004 (two operands)
            _expect(name, terms, 2)
        if len(terms) > _MOST_OPERANDS:
            raise DataError(
                f"A chain of `{name}` has {len(terms)} operands; at most {_MOST_OPERANDS} are "
                "computed.\nCompute it of the frame: `to_pandas_dataframe`."
            )
        return functools.reduce(functools.partial(_arithmetic, name), terms)
    if name in _STATES:
        _expect(name, terms, 1)
        return Term(_STATES[name](terms[0]), "boolean")
    if name in _TEXTS:
        kind, make = _TEXTS[name]
        _expect(name, terms, *_TEXT_OPERANDS.get(name, (2,)))
        return Term(make([_operand(term, index) for index, term in enumerate(terms)]), kind)
    raise DataError(f"`{name}` is no operator over columns; install the newest zaffre-sdk.")


def _expect(name: str, terms: list[Term], *counts: int) -> None:
    if len(terms) not in counts:
        wanted = " or ".join(str(count) for count in counts)
        raise DataError(f"The operator `{name}` has {len(terms)} operands; it needs {wanted}.")


def _comparison(sign: str, left: Term, right: Term) -> Term:
    if "datetime" in {left.kind, right.kind}:
        left, right = _moment(left), _moment(right)
    elif left.kind != right.kind and {left.kind, right.kind} & _NUMBERS:
        left, right = _number(left), _number(right)
    return Term(f"coalesce({left.sql} {sign} {right.sql}, false)", "boolean")


def _moment(term: Term) -> Term:
    if term.kind in {"datetime", "null"}:
        return term
    if term.kind != "string":
        return Term("NULL", "datetime")
    return Term(f"(try_cast({term.sql} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')", "datetime")


def _number(term: Term) -> Term:
    if term.kind in {"integer", "float"}:
        return term
    if term.kind == "boolean":
        return Term(f"({term.sql})::INTEGER", "integer")
    return Term(f"try_cast({term.sql} AS DOUBLE)", "float")


def _truth(term: Term) -> str:
    if term.kind == "boolean":
        return f"coalesce({term.sql}, false)"
    if term.kind in {"integer", "float"}:
        return f"coalesce({term.sql} <> 0, false)"
    raise DataError(
        f"A {term.kind} is neither true nor false.\nCompare it, as in `dataset['name'] == 'x'`."
    )


def _arithmetic(name: str, left: Term, right: Term) -> Term:
    if name == "+" and left.kind == right.kind == "string":
        return Term(f"({left.sql} || {right.sql})", "string")
    left, right = _number(left), _number(right)
    kind = "integer" if left.kind == right.kind == "integer" else "float"
    a, b = left.sql, right.sql
    if name == "%" and len(a) + len(b) > _LONGEST:
        # Each remainder has its operands twice.
        raise DataError("Too many `%` in one another.\nTake the remainder of less.")
    # What has no result, such as a division by zero, is null.
    quotient = f"({a}::DOUBLE / nullif({b}, 0))"
    known = {
        "/": quotient,
        "//": f"floor{quotient}",
        "%": f"({a} - {b} * floor{quotient})",
        "**": f"try(pow({a}, {b}))",
    }
    if name in known:
        return Term(known[name], "float")
    wide = "HUGEINT" if kind == "integer" else "DOUBLE"
    return Term(f"try({a}::{wide} {name} {b}::{wide})", kind)


def _text(term: Term) -> str:
    return term.sql if term.kind in {"string", "stream"} else f"CAST({term.sql} AS VARCHAR)"


def _operand(term: Term, index: int) -> str:
    return _text(term) if index == 0 or term.kind == "string" else term.sql


def _texts_condition(function: str) -> Callable[[list[str]], str]:
    return lambda texts: f"coalesce({function}({texts[0]}, {texts[1]}), false)"


def _substring(texts: list[str]) -> str:
    length = f", {texts[2]}" if len(texts) > 2 else ""  # noqa: PLR2004 (text, start, length)
    return f"substr({texts[0]}, {texts[1]} + 1{length})"


_LOGIC: dict[str, Callable[[list[str]], str]] = {
    "&": lambda truths: f"({' AND '.join(truths)})",
    "|": lambda truths: f"({' OR '.join(truths)})",
    "~": lambda truths: f"(NOT {truths[0]})",
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**"})
_STATES: dict[str, Callable[[Term], str]] = {
    "is_null": lambda term: f"({term.sql} IS NULL AND NOT {term.misfit})",
    "is_not_null": lambda term: f"({term.sql} IS NOT NULL OR {term.misfit})",
    "is_error": lambda term: term.misfit,
}
_TEXT_OPERANDS = {"length": (1,), "lower": (1,), "upper": (1,), "substring": (2, 3)}
_TEXTS: dict[str, tuple[str, Callable[[list[str]], str]]] = {
    "starts_with": ("boolean", _texts_condition("starts_with")),
    "ends_with": ("boolean", _texts_condition("suffix")),
    "contains": ("boolean", _texts_condition("contains")),
    "length": ("integer", lambda texts: f"length({texts[0]})"),
    "lower": ("string", lambda texts: f"lower({texts[0]})"),
    "upper": ("string", lambda texts: f"upper({texts[0]})"),
    "index_of": ("integer", lambda texts: f"(strpos({texts[0]}, {texts[1]}) - 1)"),
    "substring": ("string", _substring),
}
