import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre_sdk.scoring.frames import (
    ANSWER,
    REQUEST,
    Answer,
    FrameError,
    FrameReader,
    Request,
    answer_frame,
    frame,
    header_block,
    parse_answer,
    parse_headers,
    parse_request,
    request_frame,
)

TEXT = st.text(alphabet=st.characters(max_codepoint=255), max_size=20)
REQUESTS = st.builds(
    Request, method=TEXT, path=TEXT, headers=st.binary(max_size=30), body=st.binary(max_size=99)
)


@given(st.lists(REQUESTS, max_size=5), st.integers(min_value=1, max_value=50))
def test_requests_arrive_whole_however_the_stream_is_cut(requests, size):
    stream = b"".join(request_frame(n, request) for n, request in enumerate(requests))
    reader = FrameReader()
    frames = [
        found
        for start in range(0, len(stream), size)
        for found in reader.feed(stream[start : start + size])
    ]
    assert [found.number for found in frames] == list(range(len(requests)))
    assert all(found.kind == REQUEST for found in frames)
    assert [parse_request(found.payload) for found in frames] == requests


def test_answers_arrive_whole():
    answer = Answer(201, 12, b"content-type:text/plain", b"\0\xff" * 1000)
    (found,) = FrameReader().feed(answer_frame(7, answer))
    assert (found.number, found.kind) == (7, ANSWER)
    assert parse_answer(found.payload) == answer


def test_headers_keep_their_order_and_their_colons():
    headers = [(b"host", b"localhost:80"), (b"x-a", b""), (b"x-a", b"2")]
    assert list(parse_headers(header_block(headers))) == headers
    assert parse_headers(b"") == ()


def test_a_frame_that_is_too_long_is_refused_before_it_is_read():
    announced = bytearray(frame(1, ANSWER, b""))
    announced[0:4] = b"\xff\xff\xff\xff"
    with pytest.raises(FrameError):
        FrameReader().feed(bytes(announced))


@pytest.mark.parametrize("payload", [b"", b"\0\0", b"\0\x10" + b"\0" * 8])
def test_an_answer_without_a_status_is_refused(payload):
    with pytest.raises(FrameError):
        parse_answer(payload)
