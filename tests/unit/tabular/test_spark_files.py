"""Parquet files in types that Spark reads."""

import datetime as dt

import pyarrow as pa
import pytest
from pyarrow import parquet
from zaffre_sdk.errors import DataError


def test_types_that_spark_refuses_become_those_that_it_reads(open_files, tmp_path):
    made = pa.table(
        {
            "ns": pa.array([1_500], pa.timestamp("ns")),
            "time": pa.array([dt.time(1, 2, 3)], pa.time64("us")),
            'TIME "x"': pa.array([{"TIME": 2_500, "UUID": "a"}]).cast(
                pa.struct([("TIME", pa.timestamp("ns")), ("UUID", pa.string())])
            ),
            "zoned": pa.array([0], pa.timestamp("us", tz="UTC")),
            "number": pa.array([1], pa.int32()),
        }
    )
    parquet.write_table(made, tmp_path / "given.parquet")
    table = open_files({"given.parquet": (tmp_path / "given.parquet").read_bytes()})
    (file,) = table.to_spark_files(tmp_path / "made")
    again = parquet.read_table(file)
    assert {name: str(again.schema.field(name).type) for name in again.column_names} == {
        "ns": "timestamp[us]",
        "time": "string",
        'TIME "x"': "struct<TIME: timestamp[us], UUID: string>",
        "zoned": "timestamp[us, tz=UTC]",
        "number": "int32",
    }
    assert again["ns"][0].value == 2
    assert again["time"][0].as_py() == "01:02:03"


def test_columns_that_spark_takes_for_one_are_named(open_files, tmp_path):
    with pytest.raises(DataError, match="`a`, `A` differ by capitals alone"):
        open_files({"a.csv": "a,A\n1,2\n"}).to_spark_files(tmp_path / "made")
