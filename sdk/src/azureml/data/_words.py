"""A definition in the words of v1, for people who look at a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.data._places import is_local
from zaffre_sdk.wire.datasets import SqlQuery

if TYPE_CHECKING:
    from zaffre_sdk.wire.datasets import DataPlace, Definition

_READERS = {
    "Delimited": "ParseDelimited",
    "Parquet": "ReadParquetFile",
    "JsonLines": "ParseJsonLines",
}
_STEPS = {
    "KeepColumns": "KeepColumns",
    "DropColumns": "DropColumns",
    "Skip": "SkipRows",
    "Take": "TakeRows",
    "Sample": "TakeSample",
    "Split": "RandomSplit",
    "Filter": "FilterRows",
    "TimeRange": "FilterTime",
}


def described(definition: Definition) -> dict[str, Any]:
    """Return where a dataset comes from and what is done to it, under v1's keys."""
    return {"source": _source(definition), "definition": _operations(definition)}


def _source(definition: Definition) -> list[str]:
    reader = definition.reader
    if isinstance(reader, SqlQuery):
        return [f"('{reader.datastore}', '{reader.query}')"]
    return [_place(place) for place in definition.places]


def _place(place: DataPlace) -> str:
    if is_local(place):
        return f"/{place.path}"
    return place.path if place.datastore is None else f"('{place.datastore}', '{place.path}')"


def _operations(definition: Definition) -> list[str]:
    reader = definition.reader
    if isinstance(reader, SqlQuery):
        first = ["ReadSqlQuery"]
    else:
        stored = any(place.datastore and not is_local(place) for place in definition.places)
        first = ["GetDatastoreFiles" if stored else "GetFiles"]
        first += [_READERS[type(reader).__name__]] if reader is not None else []
    if definition.partition_format:
        first.append("AddColumnsFromPartitionFormat")
    if definition.kind == "tabular" and not definition.include_path:
        first.append("DropColumns")
    if definition.types:
        first.append("SetColumnTypes")
    return first + [_STEPS[type(step).__name__] for step in definition.steps]
