import json

import pytest
from zaffre_sdk.scoring.diagnosis import diagnose

SAMPLE = {"data": [[1.0, 2.0]]}


def error_of(function):
    try:
        function()
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError


def told(body, error=None, sample=None):
    found = diagnose(body, error or ValueError("boom"), sample=sample)
    return found.status, found.code, found.message


def test_c80_a_body_that_is_no_json():
    status, code, message = told(b"nope", error_of(lambda: json.loads("nope")))
    assert (status, code) == (400, "InvalidJson")
    assert "column 1" in message
    assert told(b"nope")[:2] == (424, "UserScriptError")


def test_c81_a_missing_field():
    status, code, message = told(b'{"dat": 1}', KeyError("data"))
    assert (status, code) == (400, "MissingField")
    assert "`data`" in message
    assert told(b'{"data": 1}', KeyError("data"))[0] == 424


def test_c82_an_empty_table():
    assert told(b'{"data": []}')[:2] == (400, "EmptyInput")
    assert told(b"[]")[:2] == (400, "EmptyInput")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"data": [[1, 2], [3, 4], [5]]}', "Row 2 of `data` has 1 values"),
        (b'{"data": [[1, 2], 3]}', "Row 1 of `data` is no list"),
    ],
)
def test_c83_ragged_rows(body, where):
    status, code, message = told(body)
    assert (status, code) == (400, "RaggedRows")
    assert where in message


def test_c84_the_wrong_number_of_columns():
    status, code, message = told(b'{"data": [[1, 2, 3]]}', sample=SAMPLE)
    assert (status, code) == (400, "WrongColumns")
    assert "3 values; 2 are expected" in message
    status, code, message = told(b'{"data": [[1]]}', ValueError("X has 1 features"))
    assert (status, code) == (424, "UserScriptError")
    assert "X has 1 features" in message


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"data": [[1, 2], [3, "x"]]}', 'Row 1, column 1 of `data` is "x"'),
        (b'{"data": [[1, NaN], [3, 4]]}', "Row 0, column 1 of `data` is NaN"),
        (b'{"data": [1, 2, null]}', "Row 2, column 0 of `data` is null"),
    ],
)
def test_c85_what_is_no_number(body, where):
    status, code, message = told(body)
    assert (status, code) == (400, "InvalidValue")
    assert where in message


def test_texts_are_no_bad_numbers():
    assert told(b'{"data": [["a", "b"], ["c", "d"]]}')[:2] == (424, "UserScriptError")


def test_c86_what_the_script_did_wrong_is_its_own():
    assert told(b'{"data": [[1, 2]]}', ZeroDivisionError("division by zero")) == (
        424,
        "UserScriptError",
        "`run` raised ZeroDivisionError: division by zero.",
    )
