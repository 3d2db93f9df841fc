"""Columns out of paths."""

import time
from datetime import datetime

import pytest
from zaffre_sdk.data.tabular.partitions import keys_of, values_of
from zaffre_sdk.errors import DataError, SourceError


def test_texts_stand_before_the_time():
    assert keys_of("{when:yyyy}/{region}/{shop}/*.csv") == ["region", "shop", "when"]


def test_a_format_may_begin_anywhere_in_the_path():
    found = values_of("target/day_{date:yyyy-MM-dd}.csv", "/deep/target/day_2020-02-29.csv")
    assert found == {"date": datetime(2020, 2, 29)}  # noqa: DTZ001 (tables have times without zone)


def test_parts_of_a_time_may_be_folders():
    path = "/sales/north/2021/03/04/05.csv"
    found = values_of("/{region}/{at:yyyy/MM/dd/HH}.csv", path)
    assert found == {"region": "north", "at": datetime(2021, 3, 4, 5)}  # noqa: DTZ001 (tables have times without zone)


def test_a_name_that_comes_twice_must_say_the_same():
    assert values_of("/{a}/{a}.csv", "/x/x.csv") == {"a": "x"}
    with pytest.raises(SourceError, match=r"`/x/y\.csv` does not have the form `/\{a\}/\{a\}"):
        values_of("/{a}/{a}.csv", "/x/y.csv")


def test_stars_and_doubled_brackets_are_not_columns():
    assert values_of("/*/{{x}}{a}.csv", "/p/q/{x}1.csv") == {"a": "1"}


def test_a_time_that_there_is_not_is_refused():
    with pytest.raises(SourceError, match=r"2020-02-30.*no time that there is"):
        values_of("{d:yyyy-MM-dd}", "/2020-02-30.csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/data/*.csv", "at least one"),
        ("/{}/x", "Column name is not specified"),
        ("/{d:MM-dd}/x", "'yyyy' must be defined"),
        ("/{d:}/x", "Date format is not specified"),
        ("/{a{b}}/x", "Brackets must be in pairs"),
        ("/{a:yyyy}/{b:yyyy}", "more than one date part"),
        ("/{Path}/x", "reserved"),
    ],
)
def test_a_format_that_cannot_be_says_why(text, why):
    with pytest.raises(DataError, match=why):
        keys_of(text)


def test_the_path_of_a_record_is_found_at_once_among_many_files(open_files):
    """By the time of the processor: the machine may have other work as well."""
    files = {f"it's {n:04}.csv": f"id\n{n}\n" + f"{n}\n" * 50 for n in range(1500)}
    files["it's 0700.csv"] = ""  # It has no records, and no number is shifted by it.
    plain, shown = (open_files(files, include_path=one) for one in (False, True))
    took = []
    for table in (plain, shown, plain, shown):
        began = time.process_time()
        frame = table.to_pandas()
        took.append(time.process_time() - began)

    assert len(frame) == 1499 * 51
    assert (frame["Path"] == "store/it's " + frame["id"].astype(str).str.zfill(4) + ".csv").all()
    assert min(took[1], took[3]) < 3 * min(took[0], took[2])
