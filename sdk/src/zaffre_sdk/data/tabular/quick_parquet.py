"""Whole Parquet files into pandas by Arrow, which reads them on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.fields import Field
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
    fields = [
        Field(name, "other", raw="", value="", misfit="false", column=name)
        for name in table.column_names
    ]
    return frame_of(table, fields, out_of_range_datetime=out_of_range_datetime)


def _table(files: Sequence[SourceFile]) -> pa.Table | None:
    import pyarrow as pa  # noqa: PLC0415 (slow to load)
    from pyarrow import parquet  # noqa: PLC0415 (likewise)

    try:
        # An index that pandas noted beside the records is a column like all others.
        tables = [
            parquet.ParquetFile(str(file.path)).read().replace_schema_metadata(None)
            for file in files
        ]
    except (pa.ArrowException, OSError):
        return None  # What is wrong is said by the careful way.
    schema = tables[0].schema
    if any(pa.types.is_dictionary(field.type) for field in schema):
        return None
    if any(table.schema != schema for table in tables[1:]):
        return None
    return pa.concat_tables(tables)
