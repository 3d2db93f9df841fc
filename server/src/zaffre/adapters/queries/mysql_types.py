"""What Arrow calls the types of MySQL and MariaDB, and how values are read from their texts.

Decimals become floats, as with PostgreSQL. There is no boolean: `TINYINT(1)` stays a number. A
date of zeros, which MySQL knows and no calendar does, becomes null; times of day are text.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, Protocol

import pyarrow as pa
from pymysql.constants import FIELD_TYPE, FLAG

from zaffre.adapters.queries.arrow import Field, Make, plain

_BINARY: Final = 63
"""The character set of columns that hold bytes."""
_BYTES: Final = frozenset(
    {
        FIELD_TYPE.BLOB,
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.STRING,
        FIELD_TYPE.VAR_STRING,
        FIELD_TYPE.VARCHAR,
        FIELD_TYPE.GEOMETRY,
    }
)


class ResultField(Protocol):
    """What the server says of a column."""

    name: str
    type_code: int
    charsetnr: int
    flags: int


def field_of(column: ResultField) -> Field:
    """Return the field for a column of an answer."""
    code = column.type_code
    if code in _INTEGERS:
        signed, unsigned = _INTEGERS[code]
        arrow = unsigned if column.flags & FLAG.UNSIGNED else signed
        return Field(column.name, arrow, plain(arrow))
    if code in _BYTES and column.charsetnr == _BINARY:
        return Field(column.name, pa.binary(), plain(pa.binary()))
    arrow, make = _OTHERS.get(code, _TEXT)
    return Field(column.name, arrow, make)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _bits(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _as(kind: pa.DataType) -> tuple[pa.DataType, Make]:
    return kind, plain(kind)


_TEXT: Final = _as(pa.string())
_INTEGERS: Final = {
    FIELD_TYPE.TINY: (pa.int8(), pa.uint8()),
    FIELD_TYPE.SHORT: (pa.int16(), pa.uint16()),
    FIELD_TYPE.YEAR: (pa.int16(), pa.uint16()),
    FIELD_TYPE.INT24: (pa.int32(), pa.uint32()),
    FIELD_TYPE.LONG: (pa.int32(), pa.uint32()),
    FIELD_TYPE.LONGLONG: (pa.int64(), pa.uint64()),
}
_OTHERS: Final[dict[int, tuple[pa.DataType, Make]]] = {
    FIELD_TYPE.FLOAT: _as(pa.float32()),
    FIELD_TYPE.DOUBLE: _as(pa.float64()),
    FIELD_TYPE.DECIMAL: _as(pa.float64()),
    FIELD_TYPE.NEWDECIMAL: _as(pa.float64()),
    FIELD_TYPE.DATE: _as(pa.date32()),
    FIELD_TYPE.NEWDATE: _as(pa.date32()),
    FIELD_TYPE.DATETIME: _as(pa.timestamp("us")),
    FIELD_TYPE.TIMESTAMP: _as(pa.timestamp("us")),
    FIELD_TYPE.BIT: _as(pa.uint64()),
}
CONVERTERS: Final[dict[int, Callable[[Any], Any]]] = {
    **dict.fromkeys(_INTEGERS, int),
    FIELD_TYPE.FLOAT: float,
    FIELD_TYPE.DOUBLE: float,
    FIELD_TYPE.DECIMAL: float,
    FIELD_TYPE.NEWDECIMAL: float,
    FIELD_TYPE.DATE: _day,
    FIELD_TYPE.NEWDATE: _day,
    FIELD_TYPE.DATETIME: _instant,
    FIELD_TYPE.TIMESTAMP: _instant,
    FIELD_TYPE.BIT: _bits,
}
"""How the driver reads the texts that the server sends, by the type of the column."""
