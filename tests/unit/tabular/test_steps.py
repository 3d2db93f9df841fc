"""Steps: columns, numbers, chance, times and conditions."""

import pandas as pd
import pytest
from zaffre_sdk.data.chance import keeps
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import (
    Column,
    ColumnType,
    DropColumns,
    Filter,
    KeepColumns,
    Literal,
    Operation,
    Sample,
    Skip,
    Split,
    Take,
    TimeRange,
)

COUNT = 1000
NUMBERS = {"a.csv": "n,s\n" + "".join(f"{n},r{n}\n" for n in range(COUNT))}
PEOPLE = {
    "a.csv": "name,age,score,joined,ok\nann,30,1.5,2020-01-01,Yes\nbob,x,2,2020-06-01,No\n"
    "Cleo,25,,2021-01-01,\n,40,-3,,Yes\n"
}
TYPES = {"age": ColumnType("integer")}


def op(operator, *operands):
    known = [
        one if isinstance(one, (Column, Literal, Operation)) else Literal(one) for one in operands
    ]
    return Operation(operator, known)


NAME, AGE, SCORE, JOINED, OK = (Column(one) for one in ("name", "age", "score", "joined", "ok"))


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([Take(3)], range(3)),
        ([Skip(997)], range(997, 1000)),
        ([Skip(2), Take(2), Skip(1)], [3]),
        ([Take(0)], []),
        ([Skip(2000)], []),
        ([Sample(0.3, 7)], [n for n in range(COUNT) if keeps(7, n, 0.3)]),
        ([Split(0.8, 5, first=True)], [n for n in range(COUNT) if keeps(5, n, 0.8)]),
        ([Split(0.8, 5, first=False)], [n for n in range(COUNT) if not keeps(5, n, 0.8)]),
        (
            [Skip(100), Split(0.5, 1, first=True), Take(10)],
            [n + 100 for n in range(COUNT - 100) if keeps(1, n, 0.5)][:10],
        ),
        ([Filter(op(">", Column("n"), 995)), Sample(1.0, 1)], range(996, 1000)),
    ],
)
def test_records_are_chosen_in_order_and_the_same_every_time(open_files, steps, wanted):
    table = open_files(NUMBERS, steps=steps)
    assert table.to_pandas()["n"].tolist() == list(wanted)
    assert table.count() == len(list(wanted))


def test_chance_goes_by_the_place_among_all_files(frame):
    files = {f"{n}.csv": f"n\n{n}\n" for n in range(60)}
    found = frame(files, steps=[Sample(0.5, 3)])
    assert found["n"].tolist() == [n for n in range(60) if keeps(3, n, 0.5)]


def test_columns_keep_their_order(frame):
    found = frame(PEOPLE, steps=[KeepColumns(["score", "name", "absent"])])
    assert list(found.columns) == ["name", "score"]
    found = frame(PEOPLE, steps=[DropColumns(["age", "absent"])])
    assert list(found.columns) == ["name", "score", "joined", "ok"]
    with pytest.raises(DataError, match="contains no columns"):
        frame(PEOPLE, steps=[KeepColumns(["absent"])])


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (op("==", NAME, "ann"), ["ann"]),
        (op("!=", NAME, "ann"), ["bob", "Cleo"]),
        (op("~", op("==", NAME, "ann")), ["bob", "Cleo", None]),
        (op(">", AGE, 26), ["ann", None]),
        (op(">=", SCORE, AGE), []),
        (op("is_null", SCORE), ["Cleo"]),
        (op("is_not_null", NAME), ["ann", "bob", "Cleo"]),
        (op("is_error", AGE), ["bob"]),
        (op("is_null", AGE), []),
        (op("&", op(">", SCORE, 0), op("<", SCORE, 2)), ["ann"]),
        (op("|", op("<", SCORE, 0), op("==", NAME, "Cleo")), ["Cleo", None]),
        (op(">", op("+", op("*", SCORE, 2), 1), 4.5), ["bob"]),
        (op("==", op("%", AGE, 4), 2), ["ann"]),
        (op("==", op("//", SCORE, 2), -2), [None]),
        (op(">", op("/", SCORE, 0), 0), []),
        (op("==", op("**", SCORE, 2), 9), [None]),
        (op("starts_with", NAME, "C"), ["Cleo"]),
        (op("ends_with", op("lower", NAME), "o"), ["Cleo"]),
        (op("contains", op("upper", NAME), "O"), ["bob", "Cleo"]),
        (op("==", op("length", NAME), 3), ["ann", "bob"]),
        (op("==", op("substring", NAME, 1, 2), "le"), ["Cleo"]),
        (op("==", op("index_of", NAME, "b"), 0), ["bob"]),
        (op("==", op("index_of", NAME, "z"), -1), ["ann", "bob", "Cleo"]),
        (op(">", JOINED, Literal("2020-03-01T00:00:00", datetime=True)), ["bob", "Cleo"]),
        (op("==", JOINED, "2020-01-01"), ["ann"]),
        (op("==", OK, Literal(value=True)), ["ann", None]),
        (OK, ["ann", None]),
        (op("<", NAME, 3), []),
    ],
)
def test_conditions(frame, condition, names):
    found = frame(PEOPLE, types=TYPES, steps=[Filter(condition)])
    assert [None if pd.isna(one) else one for one in found["name"]] == names


def test_many_words_do_not_change_the_order(frame):
    words = [op("==", Column("s"), f"r{n}") for n in range(900, 800, -1)]
    found = frame(NUMBERS, steps=[Filter(Operation("|", words))])
    assert found["n"].tolist() == list(range(801, 901))


def test_conditions_that_cannot_be_say_why(frame):
    with pytest.raises(DataError, match=r"no column `absent`.*\n.*name, age, score"):
        frame(PEOPLE, steps=[Filter(op("==", Column("absent"), 1))])
    with pytest.raises(DataError, match="`soundex` is no operator"):
        frame(PEOPLE, steps=[Filter(op("soundex", NAME))])
    with pytest.raises(DataError, match="`contains` has 1 operands; it needs 2"):
        frame(PEOPLE, steps=[Filter(op("contains", NAME))])
    with pytest.raises(DataError, match="A string is neither true nor false"):
        frame(PEOPLE, steps=[Filter(NAME)])


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (TimeRange("joined", start="2020-06-01T00:00:00"), ["bob", "Cleo"]),
        (TimeRange("joined", start="2020-06-01", boundary=False), ["Cleo"]),
        (TimeRange("joined", end="2020-06-01"), ["ann", "bob"]),
        (TimeRange("joined", start="2020-02-01", end="2020-12-01"), ["bob"]),
    ],
)
def test_times(frame, step, names):
    assert frame(PEOPLE, steps=[step])["name"].tolist() == names


def test_a_column_of_time_must_be_one(frame):
    with pytest.raises(DataError, match="`name` is a column of string"):
        frame(PEOPLE, steps=[TimeRange("name", start="2020-01-01")])
    with pytest.raises(DataError, match="`when` is not there"):
        frame(PEOPLE, steps=[TimeRange("when", start="2020-01-01")])


@pytest.mark.parametrize(
    ("operator", "last", "found"),
    [("+", 1, 999 - 200), ("-", 1, 200), ("*", 1, 0), ("/", 1.0, 0), ("//", 1, 0)],
)
def test_a_long_chain_is_computed_from_the_left(open_files, operator, last, found):
    """200 links are one operation, and no deeper than what DuckDB takes."""
    chain = op(operator, Column("n"), *[last] * 200)
    limit = {"+": 999, "-": 0}.get(operator, 0)
    table = open_files(NUMBERS, steps=[Filter(op("==", chain, limit))])
    assert list(table.to_pandas()["n"]) == [found]


def test_a_chain_that_is_too_long_says_so(open_files):
    chain = op("+", Column("n"), *[1] * 784)
    with pytest.raises(DataError, match="chain of `\\+` has 785 operands; at most 300"):
        open_files(NUMBERS, steps=[Filter(op("==", chain, 0))]).to_pandas()


def test_remainders_of_remainders_end_before_memory_does(open_files):
    chain = op("%", Column("n"), *range(900, 600, -10))
    with pytest.raises(DataError, match="Too many `%`"):
        open_files(NUMBERS, steps=[Filter(op("==", chain, 5))]).to_pandas()


def test_columns_that_nobody_asks_for_are_not_computed(open_files):
    """Tables of thousands of columns take seconds to plan otherwise."""
    names = [f"c{number}" for number in range(50)]
    file = ",".join(names) + "\n" + ",".join(map(str, range(50))) + "\n"
    asked = Filter(op("==", Column("c7"), 7))
    table = open_files({"a.csv": file}, steps=[asked, KeepColumns(["c3"]), Take(1)])
    assert table.to_pandas().to_dict("list") == {"c3": [3]}
    with table._reading() as reading:
        assert reading.query.sql.count("SIMILAR TO") == 2
