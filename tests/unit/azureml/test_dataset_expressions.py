"""Conditions over columns become expressions that definitions hold."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import reduce
from operator import add, and_, or_, sub, truediv

import pytest
from azureml.data._expressions import column, condition_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import Column, Literal, Operation


def meaning(expression):
    return condition_of(expression)


def test_a_comparison_names_the_column_and_the_value():
    assert meaning(column("age") > 30) == Operation(">", [Column("age"), Literal(30)])


@pytest.mark.parametrize(
    ("written", "operator"),
    [
        (lambda c: c == 1, "=="),
        (lambda c: c != 1, "!="),
        (lambda c: c < 1, "<"),
        (lambda c: c <= 1, "<="),
        (lambda c: c >= 1, ">="),
        (lambda c: c + 1, "+"),
        (lambda c: c - 1, "-"),
        (lambda c: c * 1, "*"),
        (lambda c: c / 1, "/"),
        (lambda c: c // 1, "//"),
        (lambda c: c % 1, "%"),
        (lambda c: c**1, "**"),
        (lambda c: c.contains(1), "contains"),
        (lambda c: c.starts_with(1), "starts_with"),
        (lambda c: c.ends_with(1), "ends_with"),
        (lambda c: c.index_of(1), "index_of"),
        (lambda c: c.substring(1), "substring"),
    ],
)
def test_every_operator_over_a_column_and_a_value(written, operator):
    assert meaning(written(column("a"))) == Operation(operator, [Column("a"), Literal(1)])


@pytest.mark.parametrize(
    ("written", "operator"),
    [
        (lambda c: 1 + c, "+"),
        (lambda c: 1 - c, "-"),
        (lambda c: 2 * c, "*"),
        (lambda c: 1 / c, "/"),
        (lambda c: 7 // c, "//"),
        (lambda c: 7 % c, "%"),
        (lambda c: 2**c, "**"),
    ],
)
def test_a_value_may_come_first(written, operator):
    found = meaning(written(column("a")))
    assert found.operator == operator
    assert found.operands[1] == Column("a")


@pytest.mark.parametrize(
    ("written", "operator"),
    [
        (lambda c: c.is_null(), "is_null"),
        (lambda c: c.is_error(), "is_error"),
        (lambda c: c.length(), "length"),
        (lambda c: c.to_lower(), "lower"),
        (lambda c: c.to_upper(), "upper"),
        (lambda c: ~c, "~"),
        (lambda c: c == None, "is_null"),  # noqa: E711 - what is tested
        (lambda c: c != None, "is_not_null"),  # noqa: E711 - what is tested
    ],
)
def test_every_operator_over_a_column_alone(written, operator):
    assert meaning(written(column("a"))) == Operation(operator, [Column("a")])


def test_conditions_are_joined():
    a, b = column("a"), column("b")
    found = meaning(((a > 1) & (b == "x")) | ~(a < b))
    assert found.operator == "|"
    assert [one.operator for one in found.operands] == ["&", "~"]


@pytest.mark.parametrize(("join", "operator"), [(and_, "&"), (or_, "|")])
def test_a_chain_is_one_operation_whichever_side_grows(join, operator):
    parts = [column("a") == number for number in range(500)]
    flat = Operation(operator, [meaning(part) for part in parts])
    assert meaning(reduce(join, parts)) == flat
    assert meaning(reduce(lambda joined, part: join(part, joined), reversed(parts))) == flat
    assert meaning(join(reduce(join, parts[:250]), reduce(join, parts[250:]))) == flat


@pytest.mark.parametrize(("join", "operator"), [(add, "+"), (sub, "-"), (truediv, "/")])
def test_a_long_sum_is_one_operation_computed_from_the_left(join, operator):
    found = meaning(reduce(join, [column(f"c{n}") for n in range(200)]))
    assert found == Operation(operator, [Column(f"c{n}") for n in range(200)])


def test_what_stands_on_the_right_of_a_sum_stays_in_its_parentheses():
    a, b, c = (column(name) for name in "abc")
    assert meaning(a - (b - c)).operands[1] == Operation("-", [Column("b"), Column("c")])
    assert meaning(2**a**b) != meaning((2**a) ** b)


def test_many_denials_are_one_or_two():
    expressions = [column("ok")]
    for _ in range(200):
        expressions.append(~expressions[-1])
    once, twice = (meaning(one) for one in expressions[1:3])
    assert meaning(expressions[199]) == once == Operation("~", [Column("ok")])
    assert meaning(expressions[200]) == twice == Operation("~", [once])


def test_a_condition_that_nests_too_deeply_says_what_to_do():
    nested = reduce(lambda above, n: ~(above | (column("a") == n)), range(30), column("b"))
    with pytest.raises(
        UserErrorException, match=r"nests 62 levels deep; at most 25(.|\n)*`filter`"
    ):
        condition_of(nested)


def test_chains_of_and_and_of_or_stay_apart():
    a, b, c = (column(name) > 1 for name in "abc")
    assert meaning(a & (b | c)).operands[1] == meaning(b | c)
    assert [one.operator for one in meaning((a & b) | c).operands] == ["&", ">"]


def test_times_are_literals_of_their_own():
    at = datetime(2020, 3, 1, 12)  # noqa: DTZ001 - tables have times without zone
    assert meaning(column("day") >= at).operands[1] == Literal(
        "2020-03-01T12:00:00", datetime=True
    )
    assert meaning(column("day") == date(2020, 3, 1)).operands[1] == Literal(
        "2020-03-01", datetime=True
    )


def test_numbers_of_numpy_are_numbers():
    numpy = pytest.importorskip("numpy")
    assert meaning(column("a") > numpy.int64(3)).operands[1] == Literal(3)
    assert meaning(column("a") > numpy.float32(0.5)).operands[1] == Literal(0.5)
    assert meaning(column("a") == numpy.bool_(1)).operands[1] == Literal(value=True)


def test_a_time_with_a_zone_is_one_without_in_utc():
    at = datetime(2020, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert meaning(column("day") >= at).operands[1].value == "2020-03-01T10:00:00"
    assert meaning(column("day") >= at.astimezone(UTC)) == meaning(column("day") >= at)


def test_times_of_numpy_and_pandas_are_times():
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    for at in (
        numpy.datetime64("2020-03-01T12:00:00.000000000"),
        pandas.Timestamp("2020-03-01T12:00:00.000000001"),
        pandas.Timestamp("2020-03-01T13:00:00+01:00"),
    ):
        assert meaning(column("day") > at).operands[1] == Literal(
            "2020-03-01T12:00:00", datetime=True
        )
    assert meaning(column("day") > numpy.datetime64("2020-03-01")).operands[1].datetime
    with pytest.raises(UserErrorException, match="is_null"):
        column("day") > pandas.NaT  # noqa: B015 - raises


def test_a_number_of_numpy_may_come_first():
    numpy = pytest.importorskip("numpy")
    assert meaning(numpy.int64(3) + column("a")) == Operation("+", [Literal(3), Column("a")])
    assert meaning(numpy.float64(3) < column("a")) == Operation(">", [Column("a"), Literal(3.0)])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_no_definition_keeps_is_refused(number):
    with pytest.raises(UserErrorException, match="finite"):
        column("a") < number  # noqa: B015 - raises


def test_an_expression_is_no_truth():
    with pytest.raises(RuntimeError, match=r"`&`, `\|` and `~`"):
        bool(column("a") > 1)


def test_what_no_column_has_is_refused():
    numpy = pytest.importorskip("numpy")
    with pytest.raises(UserErrorException, match="cannot be compared"):
        column("a") > numpy.array([1, 2])  # noqa: B015 - raises
    with pytest.raises(UserErrorException, match="cannot be compared"):
        column("a") > [1]  # noqa: B015 - raises


def test_a_list_of_columns_is_no_column():
    with pytest.raises(TypeError, match="keep_columns"):
        column(["a", "b"])


def test_a_filter_without_condition_is_refused():
    with pytest.raises(UserErrorException, match="needs a condition"):
        condition_of(3)


def test_it_is_shown_as_it_was_written():
    shown = repr((column("a") > 1) & column("b").contains("x"))
    assert shown == "((dataset['a'] > 1) & dataset['b'].contains('x'))"
    assert repr(column("a").to_lower()) == "dataset['a'].to_lower()"
    assert repr(column("a") != None) == "(dataset['a'] != None)"  # noqa: E711 - what is tested
