"""Parquet and lines of JSON, whose values have types."""

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from zaffre_sdk.data.tabular.inference import infer
from zaffre_sdk.wire.datasets import Column as Named
from zaffre_sdk.wire.datasets import ColumnType, Definition, Filter, JsonLines, Literal, Operation


def parquet_of(columns):
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def test_parquet_keeps_its_types(frame):
    zoned = datetime(2020, 1, 1, tzinfo=UTC)
    found = frame(
        {
            "a.parquet": parquet_of(
                {
                    "i": pa.array([1, None]),
                    "s": pa.array(["x", None]),
                    "t": pa.array([datetime(2020, 1, 1), None], pa.timestamp("us")),  # noqa: DTZ001 (tables have times without zone)
                    "z": pa.array([zoned, None], pa.timestamp("us", "UTC")),
                    "l": pa.array([[1, 2], None]),
                    "d": pa.array([{"k": 1}, None]),
                }
            )
        }
    )
    kinds = {name: str(kind) for name, kind in found.dtypes.items()}
    assert kinds["i"] == "float64"
    assert kinds["t"] == "datetime64[ns]"
    assert kinds["z"] == "datetime64[ns, UTC]"
    assert list(found["l"][0]) == [1, 2]
    assert found["d"][0] == {"k": 1}


def test_several_parquet_files_are_matched_by_name(frame):
    found = frame(
        {"a.parquet": parquet_of({"x": [1], "y": ["p"]}), "b.parquet": parquet_of({"y": ["q"]})},
        include_path=True,
    )
    assert found["Path"].tolist() == ["store/a.parquet", "store/b.parquet"]
    assert found["y"].tolist() == ["p", "q"]
    assert found["x"].isna().tolist() == [False, True]


def test_types_that_are_given_change_those_of_parquet(frame):
    found = frame(
        {"a.parquet": parquet_of({"i": [1, 2], "s": ["1.5", "x"], "f": [1.0, 2.5]})},
        types={
            "i": ColumnType("string"),
            "s": ColumnType("float"),
            "f": ColumnType("integer"),
        },
    )
    assert found["i"].tolist() == ["1", "2"]
    assert found["s"].tolist()[0] == 1.5
    assert found["s"].isna().tolist() == [False, True]
    assert found["f"].isna().tolist() == [False, True]


def test_json_has_the_types_of_json(open_files):
    table = open_files(
        {
            "a.jsonl": '{"i": 1, "n": 1, "s": "2020-01-01", "o": {"k": [1]}, "b": true}\n'
            '{"i": 2, "n": 2.5, "s": null, "o": null, "late": "é", "m": "x"}\n{"m": 3}\n'
        }
    )
    found = table.to_pandas()
    assert list(found.columns) == ["i", "n", "s", "o", "b", "late", "m"]
    assert found["n"].tolist()[:2] == [1.0, 2.5]
    assert found["s"][0] == "2020-01-01"
    assert found["o"][0] == {"k": [1]}
    assert found["b"].tolist() == [True, None, None]
    assert found["m"].tolist()[1:] == ["x", 3]
    assert table.columns["o"] == "other"
    assert table.count() == 3
    assert table.profile().columns["o"].missing_count == 2


def test_types_that_are_given_change_those_of_json(frame):
    found = frame(
        {"a.jsonl": '{"t": "2020-01-01", "m": "1"}\n{"t": "x", "m": 2}\n'},
        types={"t": ColumnType("datetime"), "m": ColumnType("integer")},
    )
    assert found["t"].tolist() == [pd.Timestamp("2020-01-01"), pd.NaT]
    assert found["m"].tolist() == [1, 2]


def test_broken_lines_of_json_may_be_left_out(frame):
    content = '{"a": 1}\nnonsense\n[1]\n\n{"a": 2}'.encode("utf-16")
    found = frame({"a.jsonl": content}, JsonLines(encoding="utf16", invalid_lines="drop"))
    assert found["a"].tolist() == [1, 2]


def test_json_may_begin_with_a_mark(frame):
    found = frame({"a.jsonl": b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n', "b.jsonl": '{"a": 3}\n'})
    assert found["a"].tolist() == [1, 2, 3]


def test_nothing_is_inferred_of_what_has_types():
    assert infer(None, Definition("tabular", reader=JsonLines()), files=[]).types == {}


def test_conditions_over_typed_files(frame):
    condition = Operation("==", [Named("s"), Literal("x")])
    found = frame(
        {"a.parquet": parquet_of({"s": ["x", "y"], "n": [1, 2]})}, steps=[Filter(condition)]
    )
    assert found["n"].tolist() == [1]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_quotes_in_names_and_paths(frame, name):
    content = '{"it\'s \\"x\\"": 1}\n' if name == "a.jsonl" else '"it\'s ""x""",y\n1,2\n'
    found = frame({f"it's/{name}": content})
    assert found['it\'s "x"'].tolist() == [1]
