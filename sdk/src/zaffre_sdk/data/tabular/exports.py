"""Tables written to files, record after record in bounded memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.conversion import quoted
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
    if len({field.name.lower() for field in fields}) < len(fields):
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
    columns = [
        f"{_csv_value(field)} AS {identifier(field.name)}" for field in reading.query.fields
    ]
    reading.copy(
        columns, f"{quoted(str(target))} (FORMAT csv, HEADER true, DELIMITER {quoted(separator)})"
    )
    return [target]


def identifier(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _csv_value(field: Field) -> str:
    if field.kind == "boolean":
        return f"CASE WHEN {field.column} THEN 'True' WHEN NOT {field.column} THEN 'False' END"
    if field.kind == "datetime":
        return f"strftime({field.column}, {quoted(_CSV_TIMES)})"
    return field.column


def _write_by_arrow(reading: Reading, target: Path) -> None:
    """Write names that differ by capitals alone, which the engine takes for one."""
    from pyarrow import parquet  # noqa: PLC0415 (slow to load)

    batches = reading.batches()
    first = next(batches)
    with parquet.ParquetWriter(str(target), first.schema) as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
