"""The type that texts have in common."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre_sdk.data.tabular.guessing import guess


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["0", "1"], "integer"),
        (["007", "+5", " 1"], "integer"),
        (["1", "", "2"], "integer"),
        (["9223372036854775807"], "integer"),
        (["9223372036854775808"], "float"),
        (["1", "2.5"], "float"),
        (["1e5", "inf", "NaN"], "float"),
        (["T", "f"], "boolean"),
        (["Yes", "No", ""], "boolean"),
        (["true", "FALSE"], "boolean"),
        (["true", "1"], "boolean"),
        (["y", "n"], "string"),
        (["1/2/2020 13:04", "1/3/2020 1:04:05 PM"], "datetime"),
        (["2020/01/02 03:04:05"], "datetime"),
        (["01-02-2020", "13-02-2020"], "datetime"),
        (["0x1F", "1"], "string"),
        (["1_000"], "string"),
        (["2020-01-02T03:04"], "string"),
        (["NA", "1"], "string"),
        (["1,000"], "string"),
        (["$5"], "string"),
        (["", " "], "string"),
        (["\u0661\u0662"], "string"),
        (["1\u00a0"], "integer"),
        (["9" * 5000], "float"),
        (["0" * 5000 + "7"], "integer"),
        (["20200102"], "integer"),
        (["2020-01"], "string"),
        (["12:30"], "string"),
        (["Jan 2, 2020"], "string"),
        (["2020-01-02 03:04"], "string"),
        (["01.02.2020"], "string"),
        (["2020-01-02", "x"], "string"),
        (["2020-02-30"], "string"),
        (["2020-01-02", "2020-01-02T03:04:05Z", "2020-01-02 03:04:05.5+02:00"], "datetime"),
        (["02-Jan-20"], "datetime"),
        (["2020/1/2"], "datetime"),
    ],
)
def test_what_people_write_has_the_type_that_they_mean(texts, name):
    assert guess(texts).wanted.name == name


def test_days_and_months_are_told_apart_where_they_can_be():
    assert guess(["1/2/2020", "13/2/2020"]).wanted.formats == ["%d/%m/%Y"]
    assert guess(["1/2/2020", "2/13/2020"]).wanted.formats == ["%m/%d/%Y"]
    assert guess(["13/2/2020", "2/13/2020"]).wanted.name == "string"


def test_days_and_months_that_cannot_be_told_apart_are_said():
    found = guess(["1/2/2020", "3/4/2020 5:06 PM"])
    assert found.ambiguous
    assert found.wanted.formats == ["%m/%d/%Y", "%m/%d/%Y %I:%M %p"]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_all_whole_numbers_are_integers(numbers):
    assert guess([str(number) for number in numbers]).wanted.name == "integer"


@given(st.lists(st.floats(), min_size=1))
def test_all_floats_are_numbers(numbers):
    assert guess([repr(number) for number in numbers]).wanted.name == "float"


@given(st.lists(st.datetimes(datetime(1000, 1, 1)), min_size=1))  # noqa: DTZ001 (tables have times without zone)
def test_all_times_as_python_writes_them_are_times(times):
    assert guess([time.isoformat(sep=" ") for time in times]).wanted.name == "datetime"
