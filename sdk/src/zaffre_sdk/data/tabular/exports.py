"""Tables written to files, record after record in bounded memory."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.conversion import identifier, quoted
from zaffre_sdk.data.tabular.fields import Field
from zaffre_sdk.errors import DataError

if TYPE_CHECKING:
    from zaffre_sdk.data.tabular.reading import Reading

_CSV_TIMES = "%Y-%m-%dT%H:%M:%S.%f"
_ROWS_OF_GROUP = 122_880
# In words of the engine: what Spark refuses to read, and what becomes of it. Names may be the same
# words, in quotes or not; a type ends what it stands in.
_NOT_OF_SPARK = re.compile(
    r"""(?P<name>"(?:[^"]|"")*"|'(?:[^']|'')*')"""
    r"|\b(?:(?P<time>TIMESTAMP_(?:NS|MS|S))|(?P<text>TIME(?: WITH TIME ZONE)?|UUID|INTERVAL))"
    r"(?=$|[,)\[])"
)


def write_parquet(reading: Reading, folder: Path) -> list[Path]:
    """Write all records to one Parquet file in a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "part-00000.parquet"
    if _are_apart(reading.query.fields):
        _copy_parquet(reading, target, [field.column for field in reading.query.fields])
    else:
        _write_by_arrow(reading, target)
    return [target]


def write_for_spark(reading: Reading, folder: Path) -> list[Path]:
    """Write as `write_parquet` does, in types that Spark reads.

    It knows no times finer than microseconds, which are cut, and neither times of a day nor what
    Parquet has for UUIDs and intervals, which become text.

    Raises:
        DataError: Columns differ by capitals alone, which Spark takes for one.
    """
    fields = reading.query.fields
    if not _are_apart(fields):
        names = ", ".join(f"`{field.name}`" for field in fields)
        raise DataError(
            f"Some of the columns {names} differ by capitals alone, which Spark takes for one.\n"
            "Rename them, or keep one of each."
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "part-00000.parquet"
    columns = [field.column for field in fields]
    described = reading.other_rows(f"DESCRIBE {reading.query.select(columns)}")
    values = [
        _cast(column, str(row[1]), _NOT_OF_SPARK.sub(_of_spark, str(row[1])))
        for column, row in zip(columns, described)
    ]
    _copy_parquet(reading, target, values)
    return [target]


def _cast(column: str, kind: str, wanted: str) -> str:
    return column if kind == wanted else f"CAST({column} AS {wanted})"


def _of_spark(found: re.Match[str]) -> str:
    if found["name"]:
        return found["name"]
    return "TIMESTAMP" if found["time"] else "VARCHAR"


def _copy_parquet(reading: Reading, target: Path, values: Sequence[str]) -> None:
    """Write what expressions say under the names of the fields."""
    names = [identifier(field.name) for field in reading.query.fields]
    reading.copy(
        [f"{value} AS {name}" for value, name in zip(values, names)],
        f"{quoted(str(target))} (FORMAT parquet, "
        f"COMPRESSION snappy, ROW_GROUP_SIZE {_ROWS_OF_GROUP})",
    )


def write_csv(reading: Reading, folder: Path, separator: str) -> list[Path]:
    """Write all records to one delimited file in a folder; returns the files.

    What is null is an empty cell. Times are ISO 8601, booleans `True` and `False`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "part-00000.csv"
    fields = reading.query.fields
    if _are_apart(fields):
        _copy_csv(reading, target, separator, header=True)
        return [target]
    records = folder / "records"
    _copy_csv(reading, records, separator, header=False)
    with target.open("wb") as made, records.open("rb") as written:
        header = io.StringIO()
        names = [field.name for field in fields]
        csv.writer(header, delimiter=separator, lineterminator="\n").writerow(names)
        made.write(header.getvalue().encode())
        shutil.copyfileobj(written, made)
    records.unlink()
    return [target]


def _are_apart(fields: Sequence[Field]) -> bool:
    """Tell whether the engine, which knows no capitals, can name columns as people do."""
    return len({field.name.lower() for field in fields}) == len(fields)


def _copy_csv(reading: Reading, target: Path, separator: str, *, header: bool) -> None:
    fields = reading.query.fields
    names = [identifier(one.name) if header else one.column for one in fields]
    reading.copy(
        [f"{_csv_value(field)} AS {name}" for field, name in zip(fields, names)],
        f"{quoted(str(target))} (FORMAT csv, HEADER {'true' if header else 'false'}, "
        f"DELIMITER {quoted(separator)})",
    )


def _csv_value(field: Field) -> str:
    if field.kind == "boolean":
        return f"CASE WHEN {field.column} THEN 'True' WHEN NOT {field.column} THEN 'False' END"
    if field.kind == "datetime":
        return f"strftime({field.column}, {quoted(_CSV_TIMES)})"
    return field.column


def _write_by_arrow(reading: Reading, target: Path) -> None:
    """Write names that differ by capitals alone, which the engine takes for one."""
    from pyarrow import parquet  # noqa: PLC0415 (slow to load)

    with parquet.ParquetWriter(str(target), reading.schema()) as writer:
        for batch in reading.batches():
            writer.write_batch(batch)
