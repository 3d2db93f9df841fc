import json

import numpy as np
import pytest
from zaffre_sdk.scoring import answers
from zaffre_sdk.scoring.answers import answer_of, error_answer
from zaffre_sdk.scoring.raw import RawResponse


# Seen from azureml-inference-server-http 1.5.1 with the same return values.
@pytest.mark.parametrize(
    ("result", "body"),
    [
        ("str", b'"str"'),
        (json.dumps({"x": 1}), b'"{\\"x\\": 1}"'),
        ({"a": [1, 2.5], "b": None}, b'{"a": [1, 2.5], "b": null}'),
        ([1, "\u00e9"], b'[1, "\\u00e9"]'),
        ((1, 2), b"[1, 2]"),
        (None, b"{}"),
        (True, b"true"),
        ({1: 2}, b'{"1": 2}'),
        (float("nan"), b"NaN"),
        (np.float64(1.5), b"1.5"),
    ],
)
def test_results_are_answered_as_azure_ml_answers_them(result, body):
    answer = answer_of(result, 5)
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers == b"content-type:application/json"


@pytest.mark.parametrize(
    ("result", "body"),
    [
        (np.array([1.5, 2.0]), b"[1.5, 2.0]"),
        (np.int64(3), b"3"),
        ({"p": [np.float32(0.5), np.bool_(1)]}, b'{"p": [0.5, true]}'),
    ],
)
def test_arrays_become_lists_where_azure_ml_gives_up(result, body):
    assert answer_of(result, 0).body == body


@pytest.mark.parametrize("result", [b"abc", {1}, object(), {(1, 2): 3}])
def test_c88_what_json_cannot_say_is_refused(result):
    with pytest.raises(TypeError):
        answer_of(result, 0)


def test_a_response_has_its_own_status_headers_and_body():
    answer = answer_of(RawResponse("hello", 201, {"X-A": "b"}), 0)
    assert (answer.status, answer.body) == (201, b"hello")
    assert answer.headers == b"content-type:text/html; charset=utf-8\nx-a:b"
    assert answer_of(RawResponse({"a": 1}, 404, json_str=True), 0).body == b'{"a": 1}'
    assert answer_of(RawResponse(b"\0\1", 200), 0).body == b"\0\1"


def test_a_response_cannot_smuggle_headers():
    sent = {"x-a": "b\r\nset-cookie: c", "Set-Cookie": "d", "content-length": "3", "x-b": "ok"}
    headers = answer_of(RawResponse("", 200, sent), 0).headers
    assert headers == b"content-type:text/html; charset=utf-8\nx-b:ok"


@pytest.mark.parametrize("name", ["x y", "x\ty", "", "é", "x:y", "x\0"])
def test_headers_that_http_does_not_have_are_left_out(name):
    headers = answer_of(RawResponse("", 200, {name: "a", "x-c": "a\x07b", "x-b": "ok"}), 0).headers
    assert headers == b"content-type:text/html; charset=utf-8\nx-b:ok"


@pytest.mark.parametrize("status", [-1, 0, 100, 199, 600, 1 << 20])
def test_a_status_that_ends_no_request_is_refused(status):
    with pytest.raises(ValueError, match="does not end a request"):
        answer_of(RawResponse("", status), 0)


def test_an_answer_is_bounded(monkeypatch):
    monkeypatch.setattr(answers, "MAX_BODY", 10)
    assert answer_of("12345678", 0).body == b'"12345678"'
    for result in ("123456789", RawResponse("x" * 11, 200)):
        with pytest.raises(ValueError, match="11 bytes"):
            answer_of(result, 0)


def test_errors_of_the_model_name_it_in_headers():
    answer = error_answer(424, "UserScriptError", "words")
    assert b"ms-azureml-model-error-statuscode:500" in answer.headers
    assert b"ms-azureml-model-error-reason:UserScriptError" in answer.headers
    assert b"ms-azureml" not in error_answer(400, "InvalidJson", "words").headers
