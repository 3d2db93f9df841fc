"""What is measured of columns."""

import json
import math
import statistics
from datetime import datetime

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zaffre_sdk.data.tabular.profiles import Profile, ValueCount
from zaffre_sdk.wire.datasets import ColumnType

FILES = {"a.csv": "n,s,t,b\n1,x,2020-01-01,Yes\n2,,2020-01-03,No\nbad,y,,Yes\n4,x,2020-01-02,\n"}
TYPES = {"n": ColumnType("integer")}


def test_counts_bounds_and_values(open_files):
    profile = open_files(FILES, types=TYPES).profile()
    assert profile.row_count == 4
    assert list(profile.columns) == ["n", "s", "t", "b"]
    number = profile.columns["n"]
    assert (number.count, number.missing_count, number.error_count) == (4, 0, 1)
    assert (number.min, number.max, number.median, number.unique_values) == (1, 4, 2.0, 3)
    text = profile.columns["s"]
    assert (text.missing_count, text.percent_missing, text.not_missing_count) == (1, 0.25, 3)
    assert text.value_counts == [ValueCount("x", 2), ValueCount("y", 1)]
    time = profile.columns["t"]
    assert (time.min, time.max) == (datetime(2020, 1, 1), datetime(2020, 1, 3))  # noqa: DTZ001 (tables have times without zone)
    assert time.median == datetime(2020, 1, 2)  # noqa: DTZ001 (tables have times without zone)
    assert sum(bucket.count for bucket in time.histogram) == 3
    assert profile.columns["b"].value_counts == [
        ValueCount(value=True, count=2),
        ValueCount(value=False, count=1),
    ]


def test_a_profile_survives_json(open_files):
    profile = open_files(FILES, types=TYPES).profile()
    assert Profile.from_dict(json.loads(json.dumps(profile.to_dict()))) == profile
    assert "<th>n</th>" in profile._repr_html_()
    assert "n (integer): 0 missing, 1 errors" in repr(profile)


def test_a_table_without_records_has_a_profile(open_files):
    types = {"a": ColumnType("float")}
    profile = open_files({"a.csv": "a,b\n"}, types=types, inferred=False).profile()
    assert profile.row_count == 0
    assert profile.columns["a"].mean is None
    assert profile.columns["a"].histogram == []
    assert Profile.from_dict(profile.to_dict()) == profile


def test_numbers_may_be_as_large_as_they_come(open_files):
    column = open_files({"a.csv": "v,s\n1.7e308,x\n-1.7e308,x\n3.5,x\n"}).profile().columns["v"]
    assert (column.min, column.max, column.std) == (-1.7e308, 1.7e308, 1.7e308)
    assert column.variance is None  # It is no number.
    assert [bucket.count for bucket in column.histogram] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]


def test_times_with_a_zone_are_measured_in_utc(open_files, tmp_path):
    times = pd.to_datetime(["2020-01-01", "2020-06-01"]).tz_localize("Europe/Berlin")
    pd.DataFrame({"t": times}).to_parquet(tmp_path / "a.parquet")
    column = open_files({"a.parquet": None}).profile().columns["t"]
    assert (column.min, column.max) == (datetime(2019, 12, 31, 23), datetime(2020, 5, 31, 22))  # noqa: DTZ001 (tables have times without zone)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=200))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_numbers_are_measured_as_python_does(open_files, numbers):
    lines = "".join(f"{number!r},x\n" for number in numbers)
    found = open_files({"a.csv": f"v,s\n{lines}"}, types={"v": ColumnType("float")}).profile()
    column = found.columns["v"]
    assert (column.min, column.max) == (min(numbers), max(numbers))
    assert math.isclose(column.mean, statistics.fmean(numbers), rel_tol=1e-9, abs_tol=1e-6)
    assert math.isclose(column.median, statistics.median(numbers), rel_tol=1e-9, abs_tol=1e-6)
    assert math.isclose(column.std, statistics.stdev(numbers), rel_tol=1e-6, abs_tol=1e-3)
    assert sum(bucket.count for bucket in column.histogram) == len(numbers)
