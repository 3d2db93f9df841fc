"""One DuckDB at work on one table."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zaffre_sdk.data.tabular.conversion import quoted
from zaffre_sdk.errors import DataError, SdkError

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

    import pyarrow as pa

_BOUND_BYTES = 600 * 1024**2
# Each thread holds buffers of its own; more than these would not fit into the bound.
_BOUND_THREADS = 4
_BATCH_ROWS = 65_536
# They make joins, of a list of words or of the first records; a join forgets the order.
_FORGETFUL = frozenset({"in_clause", "late_materialization"})


class EngineMissingError(SdkError):
    """The packages are not there without which no table can be read."""


class BrokenInputError(DataError):
    """The engine cannot read a file as it is; says so in the engine's words."""


class Engine:
    """A DuckDB without a database, which brings nothing from the network.

    Args:
        bounded: Keep to a bound of memory, and use a folder on the disk for what is more.
    """

    def __init__(self, *, bounded: bool = False) -> None:
        duckdb = _duckdb()
        self._errors: type[Exception] = duckdb.Error
        self._too_large: type[Exception] = duckdb.OutOfMemoryException
        self._bounded = bounded
        self._folder = tempfile.TemporaryDirectory(prefix="zaffre-engine-")
        settings = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": self._folder.name,
            "TimeZone": "UTC",
        }
        if bounded:
            threads = min(_BOUND_THREADS, os.cpu_count() or 1)
            settings |= {"memory_limit": f"{_BOUND_BYTES}B", "threads": str(threads)}
        self._connection = duckdb.connect(":memory:")
        for name, value in settings.items():
            self._connection.execute(f"SET {name} = {quoted(value)}")
        known = {name for (name,) in self.rows("SELECT name FROM duckdb_optimizers()")}
        self.run(f"SET disabled_optimizers = '{','.join(sorted(_FORGETFUL & known))}'")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and disk."""
        self._connection.close()
        self._folder.cleanup()

    def add(self, name: str, table: Any) -> None:
        """Let queries name a table of Arrow."""
        self._connection.register(name, table)

    def run(self, sql: str) -> None:
        """Do what a statement says; it may be done twice.

        Threads that get ahead of the slowest keep what they have until its turn comes, which may
        be more than the bound holds. One thread alone keeps nothing.

        Raises:
            BrokenInputError: A file cannot be read.
        """
        try:
            self.rows(sql)
        except BrokenInputError as error:
            if not (self._bounded and isinstance(error.__cause__, self._too_large)):
                raise
            self.rows("SET threads = 1")
            self.rows(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            BrokenInputError: A file cannot be read.
        """
        try:
            found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        except self._errors as error:
            raise BrokenInputError(str(error)) from error
        return found

    def table(self, sql: str) -> pa.Table:
        """Return the rows of a query as a table of Arrow.

        Raises:
            BrokenInputError: A file cannot be read.
        """
        try:
            relation = self._connection.sql(sql)
            if hasattr(relation, "to_arrow_table"):
                return relation.to_arrow_table()
            return self._connection.execute(sql).fetch_arrow_table()
        except self._errors as error:
            raise BrokenInputError(str(error)) from error

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query in batches of Arrow, as they are read.

        Raises:
            BrokenInputError: A file cannot be read.
        """
        try:
            relation = self._connection.sql(sql)
            if hasattr(relation, "to_arrow_reader"):
                yield from relation.to_arrow_reader(_BATCH_ROWS)
            else:
                yield from self._connection.execute(sql).fetch_record_batch(_BATCH_ROWS)
        except (self._errors, OSError) as error:  # Arrow wraps what goes wrong on the way.
            raise BrokenInputError(str(error)) from error


def _duckdb() -> Any:
    try:
        import duckdb  # noqa: PLC0415 (slow to load, and an extra)
        import pyarrow as pa  # noqa: F401, PLC0415 (likewise)
    except ModuleNotFoundError as error:
        raise EngineMissingError(
            f"Tables need {error.name}; `pip install 'zaffre-sdk[data]'` brings it."
        ) from error
    return duckdb
