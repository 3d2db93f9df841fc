"""Whole Parquet files into pandas by Arrow, which reads them on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.frames import frame_of
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.wire.datasets import Definition, Parquet

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def quick_parquet(
    definition: Definition, files: Sequence[SourceFile], *, out_of_range_datetime: str
) -> pd.DataFrame | None:
    """Return all records of Parquet files of one schema; None where more is to be done."""
    is_whole = not (
        definition.steps
        or definition.types
        or definition.include_path
        or definition.partition_format
    )
    if not is_whole or not isinstance(definition.reader, Parquet) or not files:
        return None
    table = _table(files)
    if table is None:
        return None
    return frame_of(table, table.column_names, out_of_range_datetime=out_of_range_datetime)


def _table(files: Sequence[SourceFile]) -> pa.Table | None:
    import pyarrow as pa  # noqa: PLC0415 (slow to load)
    from pyarrow import dataset, fs  # noqa: PLC0415 (likewise)

    form, disk = dataset.ParquetFileFormat(), fs.LocalFileSystem()
    try:
        parts = [form.make_fragment(str(file.path.absolute()), disk) for file in files]
        schema = parts[0].physical_schema
        is_plain = not any(pa.types.is_dictionary(field.type) for field in schema)
        if not is_plain or any(part.physical_schema != schema for part in parts[1:]):
            return None
        # Its threads take group after group of records; those of one file take columns, and wait
        # for the longest.
        table = dataset.FileSystemDataset(parts, schema, form, disk).to_table()
    except (pa.ArrowException, OSError):
        return None  # What is wrong is said by the careful way.
    # An index that pandas noted beside the records is a column like all others.
    return table.replace_schema_metadata(None)
