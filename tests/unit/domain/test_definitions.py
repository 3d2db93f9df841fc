from typing import Any

import pytest
from zaffre.domain.datasets import (
    DatasetKind,
    Definition,
    Differences,
    FileMark,
    Place,
    compare,
)
from zaffre.domain.definitions import check_definition
from zaffre.domain.errors import InvalidError

PLACE = {"path": "d/*.csv", "datastore": "store"}
DELIMITED = {"format": "delimited"}
QUERY = {"format": "sql", "datastore": "base", "query": "SELECT 1"}
COLUMN = {"is": "column", "name": "a"}
NUMBER = {"is": "literal", "value": 1}


def table(**fields: Any) -> dict[str, Any]:
    return {"kind": "tabular", "places": [PLACE], "reader": DELIMITED, **fields}


def files(**fields: Any) -> dict[str, Any]:
    return {"kind": "file", "places": [PLACE], **fields}


def operation(operator: str, *operands: Any) -> dict[str, Any]:
    return {"is": "operation", "operator": operator, "operands": list(operands)}


def filtered(condition: Any) -> dict[str, Any]:
    return table(steps=[{"do": "filter", "condition": condition}])


def refused(document: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(InvalidError) as caught:
        check_definition(document)
    return caught.value.code, caught.value.target or ""


def test_what_a_definition_reads_is_known():
    web = "https://example.org/a.csv?x=*"
    definition = check_definition(
        table(places=[PLACE, {"path": "e", "datastore": "other"}, {"path": web}])
    )

    assert definition.kind is DatasetKind.TABULAR
    assert definition.places[0] == Place("d/*.csv", "store")
    assert definition.places[2].is_address
    assert definition.datastores == ("store", "other")
    query = check_definition({"kind": "tabular", "reader": QUERY})
    assert (query.places, query.query_datastore, query.datastores) == ((), "base", ("base",))


@pytest.mark.parametrize("path", ["d/*.csv", "/d/*.csv", "./d/*.csv", "//d/*.csv", "/./d/*.csv"])
def test_one_place_is_written_in_one_way(path: str):
    place = {"path": path, "datastore": "Store"}
    definition = check_definition(files(places=[place]))
    assert definition.places == (Place("d/*.csv", "store"),)
    assert definition.digest == check_definition(files()).digest


def test_definitions_differ_by_what_they_say_and_not_by_its_order():
    one = Definition({"kind": "file", "places": [], "types": {"a": 1, "b": True}})
    other = Definition({"types": {"b": True, "a": 1}, "places": [], "kind": "file"})
    assert one.digest == other.digest
    assert one.digest != Definition({**one.document, "types": {"a": True, "b": True}}).digest


@pytest.mark.parametrize(
    "document",
    [
        table(reader={"format": "parquet"}),
        table(reader={"format": "json_lines", "invalid_lines": "drop", "encoding": "utf16"}),
        table(reader={**DELIMITED, "separator": "\t", "header": "none", "skip_lines": 3}),
        table(timestamp="t", partition_timestamp="p", include_path=True),
        table(partition_format="{region}/{{x}}/{day:yyyy/MM/dd}.csv"),
        table(types={"a": {"name": "datetime", "formats": ["%d.%m.%Y"]}}),
        table(steps=[{"do": "take", "count": 0}, {"do": "keep_columns", "columns": ["a", "b"]}]),
        table(steps=[{"do": "split", "percentage": 0.7, "seed": -1, "first": False}]),
        table(steps=[{"do": "time_range", "column": "t", "end": "2020-01-01T00:00:00Z"}]),
        filtered(operation("&", operation(">", COLUMN, NUMBER), operation("is_null", COLUMN))),
        filtered(
            operation("<", COLUMN, {"is": "literal", "value": "2020-01-01", "datetime": True})
        ),
        files(partition_format="{a}/{b}", steps=[{"do": "sample", "probability": 1, "seed": 0}]),
        files(places=[{"path": "", "datastore": "store"}]),
    ],
)
def test_what_can_be_read_is_taken(document: dict[str, Any]):
    assert check_definition(document).document == document


@pytest.mark.parametrize(
    ("document", "target"),
    [
        (table(kind="tables"), "kind"),
        (table(places=[]), "places"),
        (table(reader=None), "reader"),
        (table(reader=QUERY), "places"),
        (files(places=[]), "places"),
        (files(reader=DELIMITED), "reader"),
        (files(timestamp="t"), "timestamp"),
        (files(steps=[{"do": "drop_columns", "columns": ["a"]}]), "steps[0].do"),
        (files(places=[{"path": "a/../../b", "datastore": "s"}]), "places[0].path"),
        (files(places=[{"path": "a\0b", "datastore": "s"}]), "places[0].path"),
        (files(places=[PLACE, {"path": "x" * 2049, "datastore": "s"}]), "places[1].path"),
        (files(places=[PLACE] * 1001), "places"),
        (files(places=[{"path": "file:///etc/passwd"}]), "places[0].path"),
        (files(places=[{"path": "/etc/passwd"}]), "places[0].path"),
        (files(places=[{"path": "https://u:p@h/a"}]), "places[0].path"),
        (files(places=[{"path": "https://h/*.csv"}]), "places[0].path"),
        (files(places=[{"path": "http://["}]), "places[0].path"),
        (table(reader={**DELIMITED, "separator": ""}), "reader.separator"),
        (table(reader={**DELIMITED, "separator": "\n"}), "reader.separator"),
        (table(reader={**DELIMITED, "header": "some"}), "reader.header"),
        (table(reader={**DELIMITED, "encoding": "klingon"}), "reader.encoding"),
        (table(reader={**DELIMITED, "skip_lines": -1}), "reader.skip_lines"),
        (table(reader={"format": "json_lines", "invalid_lines": "x"}), "reader.invalid_lines"),
        ({"kind": "tabular", "reader": {**QUERY, "query": " "}}, "reader.query"),
        ({"kind": "tabular", "reader": {**QUERY, "timeout_seconds": 0}}, "reader.timeout_seconds"),
        (table(types={"a": {"name": "int"}}), "types.a.name"),
        (table(types={"": {"name": "integer"}}), "types."),
        (table(types={"a": {"name": "boolean", "mismatch": "x"}}), "types.a.mismatch"),
        (
            table(types={"a": {"name": "boolean", "true_values": ["x"], "false_values": ["x"]}}),
            "types.a.true_values",
        ),
        (table(timestamp="t", partition_timestamp="t"), "timestamp"),
        (table(partition_format="{a"), "partition_format"),
        (table(partition_format="a/b"), "partition_format"),
        (table(partition_format="{}"), "partition_format"),
        (table(partition_format="{a:}"), "partition_format"),
        (table(partition_format="{a{b}}"), "partition_format"),
        (table(steps=[{"do": "skip", "count": -1}]), "steps[0].count"),
        (table(steps=[{"do": "keep_columns", "columns": []}]), "steps[0].columns"),
        (table(steps=[{"do": "keep_columns", "columns": ["a", "a"]}]), "steps[0].columns"),
        (table(steps=[{"do": "sample", "probability": 1.1, "seed": 1}]), "steps[0].probability"),
        (
            table(steps=[{"do": "split", "percentage": -0.1, "seed": 1, "first": True}]),
            "steps[0].percentage",
        ),
        (table(steps=[{"do": "time_range", "column": "t"}]), "steps[0]"),
        (table(steps=[{"do": "time_range", "column": "t", "start": "x"}]), "steps[0].start"),
        (table(steps=[{"do": "take", "count": 1}] * 1001), "steps"),
        (filtered(operation("like", COLUMN, NUMBER)), "steps[0].condition.operator"),
        (filtered(operation("==", COLUMN)), "steps[0].condition.operands"),
        (
            filtered(operation("~", operation("&", COLUMN))),
            "steps[0].condition.operands[0].operands",
        ),
        (filtered({"is": "column", "name": ""}), "steps[0].condition.name"),
        (filtered({"is": "literal", "value": 1, "datetime": True}), "steps[0].condition.value"),
        (filtered(operation("&", *[NUMBER] * 10_000)), "steps[0].condition.operands[9999]"),
        (table(description="x" * 1024 * 1024), ""),
    ],
)
def test_what_nobody_could_read_is_refused_by_its_place(document: dict[str, Any], target: str):
    place = f"definition.{target}" if target else "definition"
    assert refused(document) == ("InvalidDefinition", place)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(InvalidError) as caught:
        check_definition(files(places=[{"path": "https://user:hunter2@example.org/a"}]))
    assert "hunter2" not in caught.value.message
    assert "example.org" in caught.value.message


class TestCompare:
    KNOWN = (
        FileMark("a", 1, "1", "s", "da"),
        FileMark("b", 1, "1", "s", "db"),
        FileMark("c", 1, "1", "s"),
        FileMark("d", 1, "1", "s", "dd"),
    )

    def test_tells_nothing_of_what_is_the_same(self):
        found = compare(self.KNOWN, reversed(self.KNOWN))
        assert found.checked == 4
        assert found == Differences(checked=4)

    def test_tells_what_changed_and_what_may_have(self):
        now = (
            FileMark("a", 1, "2", "s"),  # another time
            FileMark("b", 2, "2", "s"),  # another size
            FileMark("c", 1, "2", "s"),  # no digest is known
            FileMark("d", 1, "1", "other"),  # another datastore
        )
        found = compare(self.KNOWN, now)
        assert [mark.path for mark in found.doubtful] == ["a"]
        assert [mark.path for mark in found.changed] == ["b", "c"]
        assert [mark.key for mark in found.missing] == [("s", "d")]
        assert [mark.key for mark in found.added] == [("other", "d")]
