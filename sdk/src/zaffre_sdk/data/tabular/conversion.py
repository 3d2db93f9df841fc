"""Texts as values of a type, in words of DuckDB's SQL.

What does not fit a type becomes null, and is told from what was null before by the text.
"""

from __future__ import annotations

from collections.abc import Sequence

from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import ColumnType

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
SQL_TYPES = {
    "string": "VARCHAR",
    "stream": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "datetime": "TIMESTAMP",
}
_WHOLE = r"[\s\pZ]*[+-]?[0-9]+[\s\pZ]*"
# A time with an offset is longer than a date, and ends in it: `-05:00`, `-0500` or `-05`.
_OFFSETS_BEGIN = (6, 5, 3)
_SHORTEST_WITH_OFFSET = 17
_HOURS_END = len("2020-01-02T03")


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def list_of(texts: Sequence[str]) -> str:
    """Return texts as a list of SQL."""
    return f"[{', '.join(quoted(text) for text in texts)}]"


def value_of(text: str, wanted: ColumnType) -> str:
    """Return the SQL of a value of a type out of the SQL of a text.

    Raises:
        DataError: There is no such type, or it cannot be read so.
    """
    if wanted.name in {"string", "stream"}:
        return text
    if wanted.name == "integer":
        return _integer(text, truncate=wanted.truncate)
    if wanted.name == "float":
        return _float(text, wanted.decimal_mark)
    if wanted.name == "boolean":
        return _boolean(text, wanted)
    if wanted.name == "datetime":
        return _datetime(text, wanted.formats)
    raise DataError(
        f"`{wanted.name}` is no type of a column.\nThe types are: {', '.join(SQL_TYPES)}."
    )


def misfit_of(text: str, value: str, wanted: ColumnType) -> str:
    """Return the SQL condition that there was a text which is no value of the type."""
    if wanted.name in {"string", "stream"}:
        return "false"
    blanks = ["", "nan", "+nan", "-nan"] if wanted.name == "float" else [""]
    return f"({value} IS NULL AND {text} IS NOT NULL AND NOT {_is_one_of(text, blanks)})"


def _integer(text: str, *, truncate: bool) -> str:
    number = _number(text)
    whole = (
        f"trunc({number})"
        if truncate
        else f"CASE WHEN {number} = trunc({number}) THEN {number} END"
    )
    # The engine reads numbers as programs write them, too: `0x1F`, `1_000`.
    return (
        f"CASE WHEN {text} SIMILAR TO '{_WHOLE}' THEN {_cast(text, 'BIGINT')} "
        f"ELSE try_cast({whole} AS BIGINT) END"
    )


def _float(text: str, decimal_mark: str) -> str:
    if decimal_mark == ",":
        text = f"replace(replace({text}, '.', ''), ',', '.')"
    return _number(text)


def _number(text: str) -> str:
    # Of no number nothing can be computed or compared; pandas shows null the same.
    number = f"nullif({_cast(text, 'DOUBLE')}, 'nan'::DOUBLE)"
    return f"CASE WHEN NOT contains({text}, '_') THEN {number} END"


def _cast(text: str, sql_type: str) -> str:
    # There are more kinds of blanks than those that the engine leaves out of itself.
    return f"coalesce(try_cast({text} AS {sql_type}), try_cast(trim({text}) AS {sql_type}))"


def _boolean(text: str, wanted: ColumnType) -> str:
    other = {"true": "true", "false": "false"}.get(wanted.mismatch, "NULL")
    is_true = _is_one_of(text, wanted.true_values or TRUE_WORDS)
    is_false = _is_one_of(text, wanted.false_values or FALSE_WORDS)
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN {is_true} THEN true "
        f"WHEN {is_false} THEN false ELSE {other} END"
    )


def _is_one_of(text: str, words: Sequence[str]) -> str:
    # `IN` and `list_contains` would do, but the engine makes joins of them, and a join forgets the
    # order of records.
    known = list_of([word.strip().lower() for word in words])
    return f"coalesce(list_position({known}, lower(trim({text}))), 0) > 0"


def _datetime(text: str, formats: Sequence[str]) -> str:
    if formats:
        moment = f"try_strptime(trim({text}), {list_of(formats)})"
        return f"({moment} AT TIME ZONE 'UTC')" if any("%z" in one for one in formats) else moment
    signs = [f"substr({text}, -{at}, 1) = '-'" for at in _OFFSETS_BEGIN]
    has_offset = (
        f"length({text}) >= {_SHORTEST_WITH_OFFSET} AND ({' OR '.join(signs)} "
        f"OR contains({text}, '+'))"
    )
    return (
        f"CASE WHEN {has_offset} "
        f"THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' "
        f"ELSE coalesce(try_cast({text} AS TIMESTAMP), CASE WHEN length({text}) = {_HOURS_END} "
        f"THEN try_cast({text} || ':00' AS TIMESTAMP) END) END"
    )
