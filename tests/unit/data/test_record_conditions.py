"""Conditions over one record, in plain Python."""

from datetime import datetime

import pytest
from zaffre_sdk.data.conditions import evaluate, is_true
from zaffre_sdk.errors import SourceError
from zaffre_sdk.wire.datasets import Column, Literal, Operation

ROW = {
    "n": 5,
    "text": "Hello",
    "none": None,
    "when": datetime.fromisoformat("2026-11-21"),
    "nan": float("nan"),
}


def of(operator, *operands):
    known = [
        one if isinstance(one, (Column, Literal, Operation)) else Literal(value=one)
        for one in operands
    ]
    return Operation(operator=operator, operands=known)


def column(name):
    return Column(name=name)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (of("==", column("n"), 5), True),
        (of("!=", column("n"), 5), False),
        (of(">", of("+", column("n"), 1), 5), True),
        (of("//", column("n"), 2), 2),
        (of("-", column("n"), 2, 1), 2),
        (of("+", column("text"), "a", column("text")), "HelloaHello"),
        (of("+", column("n"), column("none"), 1), None),
        (of("%", column("n"), 0), None),
        (of("==", column("none"), 1), None),
        (of("!=", column("none"), 1), None),
        (of("is_null", column("none")), True),
        (of("is_not_null", column("none")), False),
        (of("is_error", column("nan")), True),
        (of("starts_with", column("text"), "He"), True),
        (of("contains", column("none"), "x"), None),
        (of("contains", column("n"), "x"), None),
        (of("length", column("text")), 5),
        (of("upper", column("text")), "HELLO"),
        (of("index_of", column("text"), "l"), 2),
        (of("substring", column("text"), 1, 2), "el"),
        (of("substring", column("text"), 3), "lo"),
        (of("<", column("text"), 5), None),
        (of("<", column("when"), Literal(value="2027-01-01", datetime=True)), True),
        (of("&", of("==", column("n"), 5), of("==", column("none"), 1)), False),
        (of("|", of("==", column("none"), 1), of("==", column("n"), 5)), True),
        (of("~", of("==", column("n"), 5)), False),
    ],
)
def test_values(expression, expected):
    assert evaluate(expression, ROW) == expected


def test_only_what_is_true_is_met():
    assert is_true(evaluate(of("==", column("n"), 5), ROW))
    assert not is_true(evaluate(of("==", column("none"), 5), ROW))
    assert not is_true(1)


def test_unknown_columns_and_operators_are_said():
    with pytest.raises(SourceError, match=r"no column `absent`; there are n, nan"):
        evaluate(column("absent"), ROW)
    with pytest.raises(SourceError, match="`~~` is no operator"):
        evaluate(of("~~", 1), ROW)
