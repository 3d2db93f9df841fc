"""Answers of SQL datastores.

A question is asked once. The answer is kept in a file without a name, as it came: it can be read
as often as need be, is the same each time, and takes no memory.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import IO, TYPE_CHECKING

from zaffre_sdk.connections import BrokenError, Incoming
from zaffre_sdk.errors import SdkError, ServiceError, error_type
from zaffre_sdk.home import Home
from zaffre_sdk.wire import decoding
from zaffre_sdk.wire.datasets import ColumnType, SqlQuery
from zaffre_sdk.wire.datastores import QUERY_ERROR, QueryIn
from zaffre_sdk.wire.errors import ErrorBody

if TYPE_CHECKING:
    import pyarrow as pa

    from zaffre_sdk.client.client import WorkspaceClient


_INVALID = 400
_CONFLICT = 409


class ArrowMissingError(SdkError):
    """The package is not there without which no table can be read."""


class Answer:
    """The rows that a database answered.

    Example:
        >>> answer = ask(client, SqlQuery("sales", "SELECT * FROM orders"))
        >>> frame = answer.reader().read_pandas()

    Attributes:
        schema: The names and types of its columns.
    """

    def __init__(self, file: IO[bytes]) -> None:
        # The memory holds the file: its room is free again when nothing reads there any more.
        self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.schema: pa.Schema = self.reader().schema

    def reader(self) -> pa.RecordBatchReader:
        """Return what reads the rows from the beginning; several may read at once."""
        arrow = _arrow()
        return arrow.ipc.open_stream(arrow.py_buffer(self._bytes))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches, from the beginning."""
        yield from self.reader()


def ask(client: WorkspaceClient, reader: SqlQuery, *, limit: int | None = None) -> Answer:
    """Ask a SQL datastore.

    Args:
        client: The workspace.
        reader: The question.
        limit: The most rows that are wanted; 0 asks for the names and types of columns alone.

    Raises:
        ArrowMissingError: `pyarrow` is not installed.
        ConflictError: The database cannot be reached, or does not let us in.
        InvalidError: It does not take the query, and why; or it is not one that can be asked.
        NotFoundError: There is no such datastore.
    """
    _arrow()
    query = QueryIn(
        query=reader.query, timeout_seconds=max(1, reader.timeout_seconds), limit=limit
    )
    folder = Home.default().cache_path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, prefix="answer-") as file:
        client.datastores.query(reader.datastore, query, _kept_in(file))
        return Answer(file)


def types_of(schema: pa.Schema) -> dict[str, ColumnType]:
    """Return the types of columns as definitions name them, by the name of the column."""
    return {field.name: ColumnType(_type_name(field.type)) for field in schema}


def _type_name(kind: pa.DataType) -> str:
    types = _arrow().types
    if types.is_integer(kind):
        return "integer"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "float"
    if types.is_boolean(kind):
        return "boolean"
    if types.is_timestamp(kind) or types.is_date(kind):
        return "datetime"
    return "string"


def _kept_in(file: IO[bytes]) -> Callable[[Incoming], None]:
    def keep(answer: Incoming) -> None:
        # What an earlier try had brought begins anew.
        file.seek(0)
        file.truncate()
        try:
            for chunk in answer.chunks():
                file.write(chunk)
        except BrokenError:
            file.flush()
            failure = _failure_in(file)
            if failure is not None:
                raise failure from None
            raise
        file.flush()

    return keep


def _failure_in(file: IO[bytes]) -> ServiceError | None:
    """Return what the server says of an answer that it could not finish."""
    arrow = _arrow()
    file.seek(0)
    try:
        reader = arrow.ipc.open_stream(file)
        while True:
            found = reader.read_next_batch_with_custom_metadata().custom_metadata
            told = found.get(QUERY_ERROR.encode()) if found is not None else None
            if told is not None:
                return _error(told)
    except (arrow.ArrowException, OSError, StopIteration):
        return None  # The connection broke, and the server does not know why either.


def _error(told: bytes) -> ServiceError:
    body = decoding.from_json(told, ErrorBody)
    status = _CONFLICT if body.innererror.get("kind") == "conflict" else _INVALID
    return error_type(status)(
        body.code,
        body.message,
        target=body.target,
        status=status,
        hint=str(body.innererror.get("hint", "")),
    )


def _arrow() -> ModuleType:
    try:
        import pyarrow as pa  # noqa: PLC0415 (slow to load)
        import pyarrow.ipc  # noqa: PLC0415 (likewise)
        import pyarrow.types  # noqa: PLC0415 (likewise)
    except ModuleNotFoundError as error:
        raise ArrowMissingError(
            "Answers of databases need pyarrow; `pip install 'zaffre-sdk[data]'` brings it."
        ) from error
    found: ModuleType = pa
    return found
