"""A table: what a definition stands for, read when a program asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from zaffre_sdk.data.tabular.exports import write_csv, write_for_spark, write_parquet
from zaffre_sdk.data.tabular.frames import frame_of
from zaffre_sdk.data.tabular.gathering import gathered
from zaffre_sdk.data.tabular.quick import quick_frame
from zaffre_sdk.data.tabular.quick_parquet import quick_parquet
from zaffre_sdk.data.tabular.reading import Place, Reading
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import Definition, Take

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from zaffre_sdk.client.client import WorkspaceClient
    from zaffre_sdk.data.tabular.preparing import SourceFile
    from zaffre_sdk.data.tabular.profiles import Profile


class Table:
    """The records that a definition stands for.

    Example:
        >>> table = open_table(client, dataset.definition)
        >>> table.columns
        {'day': 'datetime', 'temperature': 'float'}
        >>> frame = table.to_pandas(on_error="fail")
        >>> for batch in table.batches():
        ...     print(batch.num_rows)
    """

    def __init__(
        self,
        client: WorkspaceClient | None,
        definition: Definition,
        *,
        files: Sequence[SourceFile] | None = None,
    ) -> None:
        self._client = client
        self._definition = definition
        self._files = files
        self._columns: Mapping[str, str] | None = None

    @property
    def columns(self) -> Mapping[str, str]:
        """The type of each column, by its name and in their order.

        `string`, `integer`, `float`, `boolean`, `datetime`, `stream` or, of what is nested,
        `other`.
        """
        if self._columns is None:
            # A database is asked for the columns alone.
            empty = replace(self._definition, steps=[Take(0), *self._definition.steps])
            with self._gathered(empty) as place, Reading(place) as reading:
                self._columns = {one.name: one.kind for one in reading.query.fields}
        return self._columns

    def to_pandas(
        self, *, on_error: str = "null", out_of_range_datetime: str = "null"
    ) -> pd.DataFrame:
        """Read all records into a DataFrame.

        Args:
            on_error: What becomes of a cell that is no value of its column's type: `null`; or
                `fail`.
            out_of_range_datetime: What becomes of a time before 1677 or after 2262, which pandas
                cannot hold: `null`; or `fail`.

        Raises:
            DataError: A file cannot be read, or a cell does not fit and is to fail; names file,
                line and column.
        """
        with self._gathered(self._definition) as place:
            frame = self._quickly(place, out_of_range_datetime)
            if frame is not None:
                return frame
            return self._carefully(place, on_error, out_of_range_datetime)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the records in batches of Arrow, in bounded memory; misfits are null.

        Raises:
            DataError: A file cannot be read; names file, line and column.
        """
        with self._reading() as reading:
            yield from reading.batches()

    def count(self) -> int:
        """Return how many records there are.

        Raises:
            DataError: A file cannot be read; names file, line and column.
        """
        with self._reading() as reading:
            return int(reading.rows(["count(*)"])[0][0])

    def to_parquet(self, folder: Path) -> list[Path]:
        """Write the records to Parquet files in a folder, and return the files.

        Raises:
            DataError: A file cannot be read; names file, line and column.
        """
        with self._reading() as reading:
            return write_parquet(reading, folder)

    def to_spark_files(self, folder: Path) -> list[Path]:
        """Write the records to Parquet files that Spark reads in a folder, and return the files.

        Raises:
            DataError: A file cannot be read, or Spark cannot tell two columns apart.
        """
        with self._reading() as reading:
            return write_for_spark(reading, folder)

    def to_csv(self, folder: Path, separator: str = ",") -> list[Path]:
        """Write the records to delimited files in a folder, and return the files.

        Raises:
            DataError: A file cannot be read; names file, line and column.
        """
        with self._reading() as reading:
            return write_csv(reading, folder, separator)

    def profile(self) -> Profile:
        """Measure the columns, in bounded memory.

        Raises:
            DataError: A file cannot be read; names file, line and column.
        """
        from zaffre_sdk.data.tabular.profiling import measure  # noqa: PLC0415 (rarely needed)

        with self._reading() as reading:
            return measure(reading)

    def _quickly(self, place: Place, out_of_range_datetime: str) -> pd.DataFrame | None:
        frame = quick_frame(place.definition, place.files)
        if frame is not None:
            return frame
        return quick_parquet(
            place.definition, place.files, out_of_range_datetime=out_of_range_datetime
        )

    def _carefully(self, place: Place, on_error: str, out_of_range_datetime: str) -> pd.DataFrame:
        with Reading(place) as reading:
            fields = reading.query.fields
            fail = on_error != "null"
            misfits = [" OR ".join(field.misfit for field in fields) + " AS m"] if fail else []
            table = reading.table(extra=misfits)
            if fail and _any(table.column(len(fields))):
                raise reading.misfit() or DataError("A cell does not fit the type of its column.")
            return frame_of(
                table.select(range(len(fields))),
                [field.name for field in fields],
                out_of_range_datetime=out_of_range_datetime,
                json_columns={index for index, field in enumerate(fields) if field.is_json},
            )

    @contextmanager
    def _gathered(self, definition: Definition) -> Iterator[Place]:
        with gathered(self._client, definition, self._files) as files:
            yield Place(self._client, definition, files)

    @contextmanager
    def _reading(self) -> Iterator[Reading]:
        with self._gathered(self._definition) as place, Reading(place, bounded=True) as reading:
            yield reading


def open_table(client: WorkspaceClient | None, definition: Definition) -> Table:
    """Return the table that a definition stands for; nothing is read yet.

    Args:
        client: The workspace; None will do where no place is in a datastore.
        definition: Of kind `tabular`.

    Raises:
        DataError: The definition is of files.
    """
    if definition.kind != "tabular":
        raise DataError("A dataset of files has no records; read its files one by one.")
    return Table(client, definition)


def _any(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc  # noqa: PLC0415 (slow to load)

    return bool(pc.any(column).as_py())
