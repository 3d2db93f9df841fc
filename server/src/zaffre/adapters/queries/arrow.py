"""Rows of a database as a stream of Arrow record batches, in constant memory."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
from zaffre_sdk.wire.datastores import QUERY_ERROR
from zaffre_sdk.wire.errors import ErrorBody

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError, ZaffreError

# The first batches are small, since nobody knows yet how large a row is. The largest are such that
# other requests wait for a few hundredths of a second while their values are read.
_FIRST_ROWS: Final = 16
_GROWTH: Final = 4
_MAX_ROWS: Final = 4_096
_BATCH_BYTES: Final = 1 << 20

Make = Callable[[Sequence[Any]], pa.Array]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an answer.

    Attributes:
        type: What Arrow calls what it holds.
        make: Makes an array of the values that the driver gives.
    """

    name: str
    type: pa.DataType
    make: Make


class Source(Protocol):
    """An answer whose rows wait to be fetched."""

    @property
    def fields(self) -> Sequence[Field]:
        """Its columns; their names differ."""

    async def fetch(self, count: int) -> Sequence[Sequence[Any]]:
        """Return the next rows; fewer than `count` are the last ones."""


def plain(kind: pa.DataType) -> Make:
    """Return what makes arrays of values that Arrow takes as they are."""
    return lambda values: pa.array(values, type=kind)


def distinct(fields: Iterable[Field]) -> list[Field]:
    """Return the fields with other names for those that come again: `id`, `id_1`."""
    seen: set[str] = set()
    renamed = []
    for one in fields:
        name, count = one.name, 0
        while name in seen:
            count += 1
            name = f"{one.name}_{count}"
        seen.add(name)
        renamed.append(replace(one, name=name))
    return renamed


async def encoded(source: Source, *, limit: int | None) -> AsyncGenerator[bytes, None]:
    """Yield an answer as an Arrow stream; see `ports.queries.Queries.run` for what may fail."""
    encoder = _Encoder(source.fields)
    has_begun = False
    try:
        async for rows in _batches(source, encoder, limit=limit):
            piece = await asyncio.to_thread(encoder.add, rows)
            has_begun = True
            yield piece
    except ZaffreError as error:
        if has_begun:
            yield encoder.failure(error)
        raise
    yield encoder.end()


async def _batches(
    source: Source, encoder: "_Encoder", *, limit: int | None
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    count, left = _FIRST_ROWS, limit
    while left != 0:
        wanted = count if left is None else min(count, left)
        rows = await source.fetch(wanted)
        if rows:
            yield rows
        if len(rows) < wanted:
            return
        left = None if left is None else left - len(rows)
        fitting = int(_BATCH_BYTES / encoder.row_bytes)
        count = max(1, min(fitting, count * _GROWTH, _MAX_ROWS))


class _Encoder:
    """Writes one stream.

    Attributes:
        row_bytes: How large a row was on average in the batch before.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.row_bytes = 1.0
        self._fields = fields
        self._schema = pa.schema([pa.field(one.name, one.type) for one in fields])
        self._sink = io.BytesIO()
        self._writer = pa.ipc.new_stream(self._sink, self._schema)

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        columns = zip(*rows, strict=True)
        arrays = [_made(one, values) for one, values in zip(self._fields, columns, strict=True)]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self.row_bytes = max(1.0, batch.nbytes / len(rows))
        self._writer.write_batch(batch)
        return self._taken()

    def failure(self, error: ZaffreError) -> bytes:
        inner = {"kind": error.kind, **({"hint": error.hint} if error.hint else {})}
        body = ErrorBody(error.code, error.message, error.target, innererror=inner)
        arrays = [pa.array([], type=one.type) for one in self._fields]
        self._writer.write_batch(
            pa.RecordBatch.from_arrays(arrays, schema=self._schema),
            custom_metadata={QUERY_ERROR: msgspec.json.encode(body)},
        )
        return self._taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return data


def _made(one: Field, values: Sequence[Any]) -> pa.Array:
    try:
        return one.make(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidError(
            "UnreadableColumn",
            f"The column {shown(one.name)} has a value that cannot be read as {one.type}: {error}",
            target="query",
            hint="Cast the column to text in the query.",
        ) from error
