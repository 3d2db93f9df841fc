import inspect
import json

import pytest
from zaffre_sdk.scoring.calls import BodyError, caller_of, wants_headers
from zaffre_sdk.scoring.frames import Request, header_block
from zaffre_sdk.scoring.raw import RawRequest, raw_http
from zaffre_sdk.scoring.script import Script

HEADERS = header_block([(b"host", b"h:1"), (b"content-type", b"text/plain")])


def script_of(run):
    parameters = dict(inspect.signature(run).parameters)
    return Script(init=print, run=run, parameters=parameters, wants_raw=False)


def call(run, request, *, wants_raw=False, is_declared=False):
    script = script_of(run)._replace(wants_raw=wants_raw)
    return caller_of(script, is_declared=is_declared)(request)


def post(body, path="/score"):
    return Request("POST", path, HEADERS, body)


def test_run_is_given_text():
    assert call(lambda raw_data: raw_data, post('{"é": 1}'.encode())) == '{"é": 1}'
    assert call(lambda raw_data: raw_data, post(b"")) == ""


def test_run_is_given_bytes_where_they_are_no_text():
    assert call(lambda raw_data: raw_data, post(b"\xff\xfeab")) == b"\xff\xfeab"


def test_run_is_given_the_query_of_a_get_as_json():
    request = Request("GET", "/score?a=1&b=x&c=%5B1%5D&a=2&d=1.5&e=true", b"", b"")
    given = call(json.loads, request)
    assert given == {"a": [1, 2], "b": "x", "c": [1], "d": 1.5, "e": True}
    assert call(lambda raw_data: raw_data, Request("GET", "/score", b"", b"")) == "{}"


def test_run_is_given_headers_when_it_asks_for_them():
    def run(data, request_headers):
        return data, request_headers

    assert call(run, post(b"x")) == ("x", {"Host": "h:1", "Content-Type": "text/plain"})


def test_run_is_given_the_whole_request_when_it_asks_for_it():
    @raw_http
    def run(request):
        return request

    seen = call(run, post(b'{"a": 1}', "/score?x=2&y=3&x=4"), wants_raw=True)
    assert isinstance(seen, RawRequest)
    assert (seen.method, seen.path, seen.full_path) == ("POST", "/score", "/score?x=2&y=3&x=4")
    assert seen.args == {"x": "2", "y": "3"}
    assert seen.headers["CONTENT-TYPE"] == "text/plain"
    assert (seen.get_data(), seen.get_data(as_text=True)) == (b'{"a": 1}', '{"a": 1}')
    assert seen.get_json() == {"a": 1}
    assert seen.url == "http://h:1/score?x=2&y=3&x=4"


def test_headers_travel_only_to_those_who_ask():
    def plain(data):
        return data

    def asking(data, request_headers):
        return data, request_headers

    assert not wants_headers(script_of(plain))
    assert wants_headers(script_of(asking))
    assert wants_headers(script_of(plain)._replace(wants_raw=True))


def test_declared_input_becomes_arguments():
    def run(data, method="predict"):
        return data, method

    def given(body):
        return call(run, post(body), is_declared=True)

    assert given(b'{"data": [1]}') == ([1], "predict")
    assert given(b'{"data": [1], "method": "m", "extra": 1}') == ([1], "m")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "InvalidJson"),
        (b"nope", "InvalidJson"),
        (b"[1]", "InvalidType"),
        (b'{"dta": [1]}', "MissingField"),
    ],
)
def test_what_does_not_fit_the_declared_input_is_refused(body, code):
    with pytest.raises(BodyError) as caught:
        call(lambda data: data, post(body), is_declared=True)
    assert caught.value.code == code
