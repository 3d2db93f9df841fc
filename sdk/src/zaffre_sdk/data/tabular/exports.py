"""Tables written to files, record after record in bounded memory."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.conversion import identifier, quoted
from zaffre_sdk.data.tabular.fields import Field

if TYPE_CHECKING:
    from zaffre_sdk.data.tabular.reading import Reading

_CSV_TIMES = "%Y-%m-%dT%H:%M:%S.%f"
_ROWS_OF_GROUP = 122_880


def write_parquet(reading: Reading, folder: Path) -> list[Path]:
    """Write all records to one Parquet file in a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "part-00000.parquet"
    fields = reading.query.fields
    if not _are_apart(fields):
        _write_by_arrow(reading, target)
    else:
        columns = [f"{field.column} AS {identifier(field.name)}" for field in fields]
        reading.copy(
            columns,
            f"{quoted(str(target))} (FORMAT parquet, "
            f"COMPRESSION snappy, ROW_GROUP_SIZE {_ROWS_OF_GROUP})",
        )
    return [target]


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
