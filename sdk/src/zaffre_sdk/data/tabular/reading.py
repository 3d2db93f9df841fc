"""A table being read: its files, the engine, and the query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from zaffre_sdk.data.tabular import blame
from zaffre_sdk.data.tabular.delimited import delimited, layouts_of
from zaffre_sdk.data.tabular.endings import with_one_ending
from zaffre_sdk.data.tabular.engine import BrokenInputError, Engine
from zaffre_sdk.data.tabular.lead import lead_of
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.query import Query, query_of
from zaffre_sdk.data.tabular.source import FILE, Source
from zaffre_sdk.data.tabular.typed_sources import answer, json_lines, parquet
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import Definition, Delimited, JsonLines, Parquet, SqlQuery, Take

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

    import pyarrow as pa

    from zaffre_sdk.client.client import WorkspaceClient

A = TypeVar("A")

# What the engine says where a cell has a line break and it reads on several threads.
_ONE_THREAD = "Please disable the parallel csv reader"
# What it says where lines begin to end otherwise in the middle of a file.
_LOST = "reached an invalid state"


@dataclass(frozen=True)
class Place:
    """Where a definition is read: for whom, and in which files, as the engine can read them."""

    client: WorkspaceClient | None
    definition: Definition
    files: Sequence[SourceFile]


class Reading:
    """A table being read; for use in `with`.

    Args:
        place: What is read.
        bounded: Keep to a bound of memory.
    """

    def __init__(self, place: Place, *, bounded: bool = False) -> None:
        self._client = place.client
        self._definition = place.definition
        self._files = place.files
        self._bounded = bounded
        self._has_one_ending = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self._engine = self._stack.enter_context(Engine(bounded=self._bounded))
            self._build()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def rows(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return rows of expressions over the records, such as aggregates."""
        return self._attempt(lambda query: self._engine.rows(query.select(columns)))

    def other_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query over something else, such as a file that was written."""
        return self._engine.rows(sql)

    def table(self, *, extra: Sequence[str] = ()) -> pa.Table:
        """Return all records, in columns of any names, and what `extra` computes."""
        found = self._attempt(
            lambda query: self._engine.table(query.select([*_columns(query), *extra]))
        )
        return type(found).from_arrays(self._zoned(found.columns), names=found.column_names)

    def schema(self) -> pa.Schema:
        """Return the names and types of the columns of `batches`."""
        query = self.query
        none = self._engine.table(f"{query.select(_columns(query))} LIMIT 0")
        names = [field.name for field in query.fields]
        return type(none).from_arrays(self._zoned(none.columns), names=names).schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the records as they are read, in columns as people call them."""
        given = 0
        while True:
            skipped = given
            try:
                for batch in self._engine.batches(self._selected()):
                    rest = batch.slice(min(skipped, batch.num_rows))
                    skipped -= batch.num_rows - rest.num_rows
                    given += rest.num_rows
                    yield self._named(rest)
            except BrokenInputError as error:
                if not self._mended(error):
                    raise self._explained(error) from error
                continue  # What was given before is left out, since the order is the same.
            return

    def copy(self, columns: Sequence[str], target: str) -> None:
        """Write expressions over the records to a file."""
        self._attempt(
            lambda query: self._engine.run(f"COPY ({query.select(columns)}) TO {target}")
        )

    def misfit(self) -> DataError | None:
        """Return the error for the first cell that does not fit its column; None without one."""
        query = query_of(self._definition, self._lead, self._source, numbered=True)
        fields = query.fields
        told = [expression for one in fields for expression in (one.misfit, f"{one.raw}::VARCHAR")]
        found = self._engine.rows(
            f"SELECT {FILE}, n, {', '.join(told)} FROM ({query.sql}) WHERE "
            f"{' OR '.join(one.misfit for one in fields)} LIMIT 1"
        )
        if not found:
            return None
        number, record, *cells = found[0]
        index = next(n for n in range(len(fields)) if cells[2 * n])
        where = self._where(int(number) - 1, int(record))
        return blame.misfit(where, fields[index], cells[2 * index + 1])

    def _build(self) -> None:
        self._lead = lead_of(self._definition, self._files)
        self._source = self._attempt_source()
        self.query = query_of(self._definition, self._lead, self._source)

    def _attempt_source(self) -> Source:
        try:
            return self._source_of()
        except BrokenInputError as error:
            raise self._explained(error) from error

    def _source_of(self) -> Source:
        reader = self._definition.reader
        if isinstance(reader, Delimited):
            return delimited(self._files, reader, before=len(self._lead.columns))
        if isinstance(reader, Parquet):
            return parquet(self._engine, self._files)
        if isinstance(reader, JsonLines):
            return json_lines(self._engine, self._files)
        if isinstance(reader, SqlQuery):
            return self._answer_of(reader)
        raise DataError("A dataset of files has no records; read its files one by one.")

    def _answer_of(self, query: SqlQuery) -> Source:
        from zaffre_sdk.data.tabular.sql import ask  # noqa: PLC0415 (rarely needed)

        if self._client is None:
            raise DataError(
                f"The datastore `{query.datastore}` belongs to a workspace; name that first."
            )
        # What the first step leaves out is not asked for.
        first = next(iter(self._definition.steps), None)
        limit = first.count if isinstance(first, Take) else None
        return answer(self._engine, ask(self._client, query, limit=limit))

    def _attempt(self, work: Callable[[Query], A]) -> A:
        while True:
            try:
                return work(self.query)
            except BrokenInputError as error:  # noqa: PERF203 (it is tried a few times at most)
                if not self._mended(error):
                    raise self._explained(error) from error

    def _mended(self, error: BrokenInputError) -> bool:
        """Go on in a slower way where the engine needs one; tell whether there was one."""
        reader, said = self._definition.reader, str(error)
        if not isinstance(reader, Delimited):
            return False
        if _ONE_THREAD in said and not reader.multi_line:
            self._definition = replace(self._definition, reader=replace(reader, multi_line=True))
        elif _LOST in said and not self._has_one_ending:
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="zaffre-table-")))
            self._files = [
                with_one_ending(file, folder / f"{index:06}")
                for index, file in enumerate(self._files)
            ]
            self._has_one_ending = True
        else:
            return False
        self._build()
        return True

    def _selected(self) -> str:
        return self.query.select(_columns(self.query))

    def _named(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        names = [field.name for field in self.query.fields]
        return type(batch).from_arrays(self._zoned(batch.columns), names=names)

    def _zoned(self, columns: Sequence[Any]) -> list[Any]:
        """Return columns with the zones of their times, which the engine forgets."""
        import pyarrow as pa  # noqa: PLC0415 (slow to load)

        made = list(columns)
        for index, field in enumerate(self.query.fields):
            if field.zone:
                made[index] = made[index].cast(pa.timestamp(made[index].type.unit, field.zone))
        return made

    def _explained(self, error: BrokenInputError) -> DataError:
        """Return an error that says where the files are broken, as far as that can be found."""
        reader = self._definition.reader
        for file in self._files:
            found = None
            if isinstance(reader, Delimited):
                width = len(self._source.columns) if hasattr(self, "_source") else None
                found = blame.broken_row(file, reader, width=width)
            elif isinstance(reader, JsonLines):
                found = blame.broken_json_line(file)
            if found is not None:
                return found
        return self._named_error(str(error))

    def _named_error(self, said: str) -> DataError:
        """Return the engine's words, with the file as people know it."""
        words = said.splitlines()[0] if said else "The files cannot be read."
        for file in self._files:
            if str(file.path.absolute()) in said:
                words = words.replace(str(file.path.absolute()), file.shown)
                return DataError(f"`{file.shown}` cannot be read: {words}")
        shown = ", ".join(f"`{file.shown}`" for file in self._files[:3])
        return DataError(f"{shown or 'The answer'} cannot be read: {words}")

    def _where(self, index: int, record: int) -> str:
        if not self._files:
            return f"Row {record} of the answer"
        file = self._files[index]
        if index:
            before = self._engine.rows(
                f"SELECT count(*) FROM ({self._source.sql}) WHERE {FILE} <= {index}"
            )
            record -= int(before[0][0])
        reader = self._definition.reader
        if not isinstance(reader, Delimited):
            return f"`{file.shown}`, row {record}"
        layouts = layouts_of(self._files, reader, before=len(self._lead.columns))
        skip = next(one.skip for one in layouts.files if one.file == file)
        line = blame.line_of_record(file, reader, record, skip=skip)
        return f"`{file.shown}`, line {line}"


def _columns(query: Query) -> list[str]:
    return [field.column for field in query.fields]
