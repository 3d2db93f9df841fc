"""What may be asked, before a database hears of it."""

import pytest

pytest.importorskip("pyarrow")

from zaffre.adapters.queries.mysql import check_question
from zaffre.domain.errors import InvalidError, TooLargeError
from zaffre.domain.queries import MAX_QUERY_BYTES, check_query


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "  WITH a AS (SELECT 1) SELECT * FROM a",
        "-- why\nSELECT 1",
        "# why\nSELECT 1",
        "/* why */ SELECT 1",
        "(SELECT 1) UNION (SELECT 2)",
        "show tables",
    ],
)
def test_questions_are_taken(text):
    check_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "SHUTDOWN",
        "/*! SHUTDOWN */",
        "/*M! SHUTDOWN */",
        "--SHUTDOWN",
        "CALL proc()",
        "SET GLOBAL a = 1",
        "DROP TABLE a",
        "/* */ -- \n KILL 1",
        "",
        "'SELECT'",
    ],
)
def test_a21_other_statements_are_not_sent_to_mysql(text):
    with pytest.raises(InvalidError) as caught:
        check_question(text)
    assert caught.value.code == "InvalidQuery"


def test_a_query_keeps_the_rules():
    found = check_query("SELECT 1", timeout_seconds=3600, limit=0)
    assert (found.text, found.timeout_seconds, found.limit) == ("SELECT 1", 3600, 0)


@pytest.mark.parametrize(
    ("text", "seconds", "limit", "code"),
    [
        (" \n", 1, None, "InvalidQuery"),
        ("SELECT '\0'", 1, None, "InvalidQuery"),
        ("SELECT 1", 0, None, "InvalidTimeout"),
        ("SELECT 1", 3601, None, "InvalidTimeout"),
        ("SELECT 1", 1, -1, "InvalidLimit"),
    ],
)
def test_a_query_that_breaks_a_rule_is_refused(text, seconds, limit, code):
    with pytest.raises(InvalidError) as caught:
        check_query(text, timeout_seconds=seconds, limit=limit)
    assert caught.value.code == code


def test_a_query_has_a_size():
    with pytest.raises(TooLargeError):
        check_query("x" * (MAX_QUERY_BYTES + 1), timeout_seconds=1)
