from typing import Any

import pytest
from zaffre.domain.datasets import Definition, Place
from zaffre.protocols.studio.data_words import (
    kind_in_words,
    place_in_words,
    reading_in_words,
    steps_in_words,
    types_in_words,
)
from zaffre.protocols.studio.render import size

A, ONE = {"is": "column", "name": "a"}, {"is": "literal", "value": 1}


def table(**fields: Any) -> Definition:
    return Definition({"kind": "tabular", "reader": {"format": "delimited"}, **fields})


def operation(operator: str, *operands: Any) -> dict[str, Any]:
    return {"is": "operation", "operator": operator, "operands": list(operands)}


def test_a_table_is_told_with_how_it_is_read():
    definition = table(
        reader={"format": "delimited", "separator": ";", "header": "none", "skip_lines": 2},
        include_path=True,
        partition_format="{a}/x",
    )
    assert kind_in_words(definition) == "Table of text files"
    assert reading_in_words(definition) == [
        "Cells are separated by semicolons; no file has the names of the columns.",
        "The first 2 lines of each file are left out.",
        "The column Path has the path of the file.",
        "Columns are made of the path by {a}/x.",
    ]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"kind": "file"}, "Files"),
        ({"kind": "tabular", "reader": {"format": "parquet"}}, "Table of Parquet files"),
        ({"kind": "tabular", "reader": {"format": "json_lines"}}, "Table of JSON lines"),
        (
            {"kind": "tabular", "reader": {"format": "sql", "datastore": "d", "query": "q"}},
            "Answer to a query",
        ),
    ],
)
def test_every_kind_has_words(document: dict[str, Any], kind: str):
    definition = Definition(document)
    assert kind_in_words(definition) == kind
    assert isinstance(reading_in_words(definition), list)


def test_places():
    assert place_in_words(Place("a/*.csv", "store")) == "a/*.csv in store"
    assert place_in_words(Place("", "store")) == "** in store"
    assert place_in_words(Place("https://x.org/a")) == "https://x.org/a"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"do": "take", "count": 3}, "Keep the first 3"),
        ({"do": "skip", "count": 3}, "Leave out the first 3"),
        ({"do": "keep_columns", "columns": ["a", "b"]}, "Keep the columns a, b"),
        (
            {"do": "drop_columns", "columns": [*"abcdefghijklmn"]},
            "Drop the columns a, b, c, d, e, f, g, h, i, j, k, l and 2 more",
        ),
        (
            {"do": "sample", "probability": 0.25, "seed": 7},
            "Keep each with a probability of 0.25 (seed 7)",
        ),
        (
            {"do": "split", "percentage": 0.7, "seed": 7, "first": False},
            "Keep the second part of a split, about 0.3 of all (seed 7)",
        ),
        (
            {"do": "time_range", "column": "t", "start": "2020-01-01", "boundary": False},
            "Keep t from 2020-01-01, without the bounds",
        ),
    ],
)
def test_steps(step: dict[str, Any], words: str):
    assert steps_in_words(table(steps=[step])) == [words]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (operation(">", A, ONE), "a > 1"),
        (operation("~", operation("is_null", A)), "not (a is null)"),
        (
            operation("&", operation(">=", A, ONE), operation("contains", A, ONE), A),
            "(a >= 1) and (a contains 1) and a",
        ),
        (
            operation("==", operation("lower", A), {"is": "literal", "value": "x"}),
            "(lower(a)) == 'x'",
        ),
        (operation("-", A), "-a"),
        (operation("!=", A, {"is": "literal", "value": None}), "a != null"),
    ],
)
def test_conditions(condition: dict[str, Any], words: str):
    filtered = table(steps=[{"do": "filter", "condition": condition}])
    assert steps_in_words(filtered) == [f"Keep where {words}"]


def test_types():
    types = {
        "a": {"name": "integer"},
        "b": {"name": "float", "decimal_mark": ","},
        "c": {"name": "datetime", "formats": ["%d.%m.%Y"]},
    }
    assert types_in_words(table(types=types)) == {
        "a": "integer",
        "b": "float with a decimal comma",
        "c": "datetime, written as %d.%m.%Y",
    }


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1234, "1.23 kB"), (5 * 10**9, "5 GB")],
)
def test_sizes(count: int, words: str):
    assert size(count) == words
