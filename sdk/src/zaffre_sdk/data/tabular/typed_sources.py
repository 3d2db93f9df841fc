"""Files and answers whose values have types: Parquet, lines of JSON, SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zaffre_sdk.data.tabular.conversion import identifier, list_of, quoted
from zaffre_sdk.data.tabular.engine import Engine
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.source import FILE, RawColumn, Source, file_number, literal_path
from zaffre_sdk.errors import DataError

if TYPE_CHECKING:
    from zaffre_sdk.data.tabular.sql import Answer

_ANSWER = "answer"
_ZONED = "TIMESTAMP WITH TIME ZONE"
_JSON_TYPES = {
    "VARCHAR": "VARCHAR",
    "BIGINT": "BIGINT",
    "UBIGINT": "BIGINT",
    "HUGEINT": "DOUBLE",
    "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "NULL": "VARCHAR",
}


def parquet(engine: Engine, files: Sequence[SourceFile]) -> Source:
    """Return what reads Parquet files; columns are matched by name."""
    paths = list_of([literal_path(file) for file in files])
    table = (
        f"read_parquet({paths}, union_by_name={'true' if len(files) > 1 else 'false'}, "
        "hive_partitioning=false, filename='zaffre:file')"
    )
    described = [
        row for row in engine.rows(f"DESCRIBE SELECT * FROM {table}") if row[0] != "zaffre:file"
    ]
    zones = _zones(files[0]) if any(kind == _ZONED for _, kind, *_ in described) else {}
    columns = [
        RawColumn(str(name), str(kind), zone=zones.get(name, "")) for name, kind, *_ in described
    ]
    named = _renamed(column.name for column in columns)
    number = file_number(files, column='"zaffre:file"')
    return Source(columns, f"SELECT {named}, {number} AS {FILE} FROM {table}")


def json_lines(engine: Engine, files: Sequence[SourceFile]) -> Source:
    """Return what reads files with a JSON object in each line.

    The columns are all keys that there are. A column whose values are of one kind has its type;
    what is nested, and what is of several kinds, stays JSON.
    """
    paths = list_of([literal_path(file) for file in files])
    options = (
        "format='newline_delimited', compression='uncompressed', maximum_object_size=67108864"
    )
    found = engine.rows(
        f"SELECT json_group_structure(json) FROM read_json_objects({paths}, {options})"
    )
    structure = json.loads(found[0][0]) if found and found[0][0] else {}
    if not isinstance(structure, dict):
        raise DataError(
            f"The lines of {', '.join(f'`{file.shown}`' for file in files[:3])} are not all JSON "
            'objects.\nEach line is one record such as {"id": 1}.'
        )
    columns = [_json_column(name, kind) for name, kind in structure.items()]
    if not columns:
        return Source([], f"SELECT 1 AS {FILE} WHERE false")
    types = ", ".join(f"{quoted(one.name)}: '{one.sql_type}'" for one in columns)
    number = file_number(files)
    return Source(
        columns,
        f"SELECT {_renamed(one.name for one in columns)}, {number} AS {FILE} FROM read_json("
        f"{paths}, {options}, auto_detect=false, columns={{{types}}}, filename=true, "
        "hive_partitioning=false)",
    )


def answer(engine: Engine, found: Answer) -> Source:
    """Return what reads the answer of a database."""
    # Batches that lie in the file of the answer take no memory, and can be read again.
    table = found.reader().read_all()
    engine.add(_ANSWER, table)
    described = engine.rows(f"DESCRIBE SELECT * FROM {_ANSWER}")
    # Frames have times and no days, as in Azure ML.
    columns = [
        RawColumn(str(name), "TIMESTAMP" if kind == "DATE" else str(kind))
        for name, kind, *_ in described
    ]
    ids = [f"r{index}" for index in range(len(columns))]
    values = [
        f"CAST({one} AS TIMESTAMP) AS {one}" if row[1] == "DATE" else one
        for one, row in zip(ids, described)
    ]
    return Source(
        columns,
        f"SELECT {', '.join(values)}, 1 AS {FILE} FROM {_ANSWER} AS a({', '.join(ids)})",
    )


def _zones(file: SourceFile) -> dict[str, str]:
    """Return the zones of times by column: the engine has all times in one."""
    from pyarrow import parquet as arrow_parquet  # noqa: PLC0415 (slow to load)

    schema = arrow_parquet.read_schema(str(file.path))
    return {field.name: getattr(field.type, "tz", None) or "" for field in schema}


def _renamed(names: Any) -> str:
    return ", ".join(f"{identifier(name)} AS r{index}" for index, name in enumerate(names))


def _json_column(name: str, kind: Any) -> RawColumn:
    known = _JSON_TYPES.get(kind) if isinstance(kind, str) else None
    return RawColumn(name, known or "JSON", is_json=known is None)
