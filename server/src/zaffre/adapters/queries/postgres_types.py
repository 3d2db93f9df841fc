"""What Arrow calls the types of PostgreSQL, and how their values come from the driver.

`numeric` becomes a float, as in pandas and in Azure ML: the precision of an expression is not
known before its last row, and programs that learn from data expect numbers. Whoever needs every
digit casts to text. Dates and times come as the numbers that the server sends, so that years
beyond those of Python do no harm; `infinity` becomes null. Times of day, intervals, addresses
and shapes are text, as PostgreSQL writes them.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

import asyncpg
import pyarrow as pa
import pyarrow.compute as pc

from zaffre.adapters.queries.arrow import Field, Make, plain
from zaffre.adapters.queries.failures import CAST
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

_EPOCH_DAYS: Final = 10_957
"""From Arrow's first day, in 1970, to PostgreSQL's, in 2000."""
_EPOCH_MICROSECONDS: Final = _EPOCH_DAYS * 86_400_000_000
_LAST_INSTANT: Final = (1 << 63) - 1
_FIRST_INSTANT: Final = -(1 << 63)
_LAST_DAY: Final = (1 << 31) - 1
_FIRST_DAY: Final = -(1 << 31)

_TEXTS: Final = (
    *("time", "timetz", "interval", "uuid", "inet", "cidr", "bit", "varbit", "char"),
    *("point", "line", "lseg", "box", "path", "polygon", "circle"),
    *("tid", "pg_snapshot", "txid_snapshot", "pg_lsn", "macaddr", "macaddr8"),
)


async def set_codecs(connection: asyncpg.Connection) -> None:
    """Have the driver give values as `field_of` expects them; asks the server nothing."""
    for name in _TEXTS:
        await _codec(connection, name, str, form="text")
    await _codec(connection, "numeric", float, form="text")
    for name in ("date", "timestamp", "timestamptz"):
        await _codec(connection, name, itemgetter(0), form="tuple")


def field_of(attribute: asyncpg.Attribute) -> Field:
    """Return the field for a column of an answer.

    Raises:
        InvalidError: `InvalidQuery`: Arrow has nothing like its type.
    """
    kind = attribute.type
    if kind.kind == "array":
        found = _TYPES.get(kind.name.removesuffix("[]"), _TEXT)
        return Field(attribute.name, pa.list_(found[0]), _lists(found[1]))
    if kind.kind != "scalar" or kind.name == "record":
        raise InvalidError(
            "InvalidQuery",
            f"The column {shown(attribute.name)} has the type {shown(kind.name)}, which no "
            "table of columns can hold.",
            target="query",
            hint=CAST,
        )
    # Types of extensions and enumerations have names of their own, and come as text.
    arrow, make = _TYPES.get(kind.name, _TEXT) if kind.schema == "pg_catalog" else _TEXT
    return Field(attribute.name, arrow, make)


async def _codec(
    connection: asyncpg.Connection,
    name: str,
    decode: Callable[[Any], Any],
    *,
    form: str,
) -> None:
    await connection.set_type_codec(
        name, schema="pg_catalog", encoder=str, decoder=decode, format=form
    )


def _days(values: Sequence[int | None]) -> pa.Array:
    days = _finite(pa.array(values, type=pa.int64()), first=_FIRST_DAY, last=_LAST_DAY)
    return pc.add(days, _EPOCH_DAYS).cast(pa.int32()).cast(pa.date32())


def _instants(kind: pa.DataType) -> Make:
    last = _LAST_INSTANT - _EPOCH_MICROSECONDS

    def make(values: Sequence[int | None]) -> pa.Array:
        found = _finite(pa.array(values, type=pa.int64()), first=_FIRST_INSTANT, last=last)
        return pc.add(found, _EPOCH_MICROSECONDS).cast(kind)

    return make


def _finite(values: pa.Array, *, first: int, last: int) -> pa.Array:
    """Return them with nulls in place of both infinities, and of what is beyond `last`."""
    kept = pc.and_(pc.greater(values, first), pc.less(values, last))
    return pc.if_else(kept, values, pa.scalar(None, type=values.type))


def _lists(make: Make) -> Make:
    def make_lists(values: Sequence[Sequence[Any] | None]) -> pa.Array:
        flat: list[Any] = []
        ends = [0]
        for value in values:
            flat.extend(value or ())
            ends.append(len(flat))
        return pa.ListArray.from_arrays(
            pa.array(ends, type=pa.int32()),
            make(flat),
            mask=pa.array([value is None for value in values], type=pa.bool_()),
        )

    return make_lists


def _as(kind: pa.DataType) -> tuple[pa.DataType, Make]:
    return kind, plain(kind)


_TEXT: Final = _as(pa.string())
_TIMESTAMP: Final = pa.timestamp("us")
_TIMESTAMP_TZ: Final = pa.timestamp("us", "UTC")
_TYPES: Final[dict[str, tuple[pa.DataType, Make]]] = {
    "bool": _as(pa.bool_()),
    "int2": _as(pa.int16()),
    "int4": _as(pa.int32()),
    "int8": _as(pa.int64()),
    "oid": _as(pa.int64()),
    "xid": _as(pa.int64()),
    "cid": _as(pa.int64()),
    "float4": _as(pa.float32()),
    "float8": _as(pa.float64()),
    "numeric": _as(pa.float64()),
    "bytea": _as(pa.binary()),
    "date": (pa.date32(), _days),
    "timestamp": (_TIMESTAMP, _instants(_TIMESTAMP)),
    "timestamptz": (_TIMESTAMP_TZ, _instants(_TIMESTAMP_TZ)),
}
