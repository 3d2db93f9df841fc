"""C-01 to C-14: bodies that are not exactly right, and where the refusal points."""

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zaffre.domain.errors import InvalidError
from zaffre.protocols.http.strict_json import parse_json, parse_msgpack
from zaffre_sdk.wire.metrics import BatchIn
from zaffre_sdk.wire.runs import RunIn

GOOD = b'{"experiment": "e", "spec": {"kind": "interactive"}, "tags": {"a": "b"}}'


def refused(body: bytes, shape: Any = RunIn) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        parse_json(body, shape)
    return caught.value


def in_definition(value: bytes) -> bytes:
    return b'{"experiment":"e","spec":{"kind":"script","definition":{"a":[1,%s]}}}' % value


def cost(use: Callable[[], object]) -> float:
    """Return the processor time of this thread, which other programs do not lengthen."""

    def once() -> float:
        started = time.thread_time()
        use()
        return time.thread_time() - started

    return min(once() for _ in range(5))


def test_a_good_body_becomes_its_shape():
    run = parse_json(GOOD, RunIn)
    assert run.experiment == "e"
    assert run.spec.kind == "interactive"


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        pytest.param(b"", 0, id="c01-empty"),
        pytest.param(b'{"experiment": "e",}', 19, id="c02-trailing-comma"),
        pytest.param(b'{"experiment": "\xc3\xa9', 15, id="c03-truncated"),
        pytest.param(b'{"experiment": "\xff"}', 16, id="c04-invalid-utf8"),
        pytest.param(GOOD.decode().encode("utf-16"), 0, id="c05-utf16"),
        pytest.param(GOOD.decode().encode("utf-16-le"), 0, id="c05-utf16-without-mark"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, 0, id="c05-bom"),
        pytest.param(b'{"a": "\xc3\xa9", x}', 12, id="offset-counts-bytes"),
        pytest.param(b"{} {}", 3, id="two-values"),
        pytest.param(b'{"a": "\n"}', 7, id="control-character"),
    ],
)
def test_c01_c05_not_json(body, offset):
    error = refused(body)
    assert error.code == "InvalidJson"
    assert error.target == f"byte {offset}"


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
def test_c06_not_a_number(word):
    error = refused(in_definition(word))
    assert (error.code, error.target) == ("InvalidNumber", "$.spec.definition.a[1]")


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" * 400 + b".5", b"123456e310"])
def test_c06_number_beyond_the_largest(number):
    error = refused(in_definition(number))
    assert (error.code, error.target) == ("NumberOutOfRange", "$.spec.definition.a[1]")


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"x\\uDFFFy"', b'"\\udc00\\ud800"'])
def test_c07_lone_surrogate(text):
    error = refused(in_definition(text))
    assert (error.code, error.target) == ("InvalidCharacter", "$.spec.definition.a[1]")


def test_c07_a_pair_of_surrogates_is_a_character():
    parsed = parse_json(in_definition(b'"\\ud83d\\ude00"'), RunIn)
    assert parsed.spec.definition["a"][1] == "\U0001f600"


def test_c08_nul():
    error = refused(in_definition(b'"a\\u0000b"'))
    assert (error.code, error.target) == ("InvalidCharacter", "$.spec.definition.a[1]")
    assert refused(in_definition(b'{"\\u0000": 1}')).code == "InvalidCharacter"


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_c09_depth(opening):
    assert refused(opening * 100_000).code == "JsonTooDeep"
    assert refused(in_definition(opening * 80)).code == "JsonTooDeep"


def test_c09_brackets_in_text_are_not_depth():
    text = json.dumps("[" * 1000 + '"\\' + "{" * 1000).encode()
    parsed = parse_json(in_definition(text), RunIn)
    assert parsed.spec.definition["a"][1].startswith("[[[")


@pytest.mark.parametrize("number", [b"9" * 5000, b"9223372036854775808", b"-9223372036854775809"])
def test_c10_c11_integers_beyond_64_bits(number):
    error = refused(in_definition(number))
    assert (error.code, error.target) == ("NumberOutOfRange", "$.spec.definition.a[1]")


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, 10**18])
def test_c11_integers_of_64_bits_are_exact(number):
    parsed = parse_json(in_definition(str(number).encode()), RunIn)
    assert parsed.spec.definition["a"][1] == number


def test_c12_duplicate_key():
    error = refused(b'{"experiment": "e", "spec": {"kind": "script", "kind": "script"}}')
    assert (error.code, error.target) == ("DuplicateKey", "$.spec")
    assert "`kind`" in error.message


def test_c13_unknown_field_and_the_closest_name():
    error = refused(b'{"experiment": "e", "spec": {"kind": "script", "argumens": []}}')
    assert (error.code, error.target) == ("UnknownField", "$.spec.argumens")
    assert error.hint == "Did you mean `arguments`?"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b"true"])
def test_c14_not_an_object(body):
    error = refused(body)
    assert (error.code, error.target) == ("InvalidType", "$")


@pytest.mark.parametrize(
    ("body", "target"),
    [
        (b'{"experiment": 1, "spec": {"kind": "script"}}', "$.experiment"),
        (b'{"spec": {"kind": "script", "max_seconds": "1"}}', "$.spec.max_seconds"),
        (b'{"spec": {"kind": "script", "max_seconds": true}}', "$.spec.max_seconds"),
        (b'{"spec": {"kind": "script", "arguments": [1]}}', "$.spec.arguments[0]"),
    ],
)
def test_c14_wrong_type_is_not_converted(body, target):
    error = refused(body)
    assert (error.code, error.target) == ("InvalidType", target)


def test_a_missing_field_is_named():
    error = refused(b'{"experiment": "e"}')
    assert (error.code, error.target) == ("MissingField", "$.spec")


# Quotes and backslashes in a row make careless patterns quadratic.
ADVERSARIAL = {
    "quotes": lambda size: b"[" * 65 + b'\\"' * size,
    "backslashes": lambda size: b'{"a": "' + b"\\" * (2 * size + 1),
    "faults": lambda size: in_definition(b"[" + b"{}," * (size // 8) + b"1e999]"),
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_c12_faults_in_an_adversarial_text_cost_no_more_than_its_length(name: str):
    small, large = (ADVERSARIAL[name](size) for size in (40_000, 320_000))
    # Eight times the length: eight times the work, where careless patterns need 64 times.
    assert cost(lambda: refused(large)) < 24 * cost(lambda: refused(small))


def test_a_megabyte_costs_little_more_than_with_the_parser_of_the_standard_library():
    points = [[f"metric_{n % 7}", "scalar", n / 7, n, 1.7e9 + n] for n in range(20_000)]
    body = json.dumps({"writer": "w", "sequence": 1, "points": points}).encode()
    assert len(body) > 1_000_000
    assert len(parse_json(body, BatchIn).points) == 20_000
    assert cost(lambda: parse_json(body, BatchIn)) < 10 * cost(lambda: json.loads(body))


def test_message_pack_keeps_what_json_lacks():
    body = msgspec.msgpack.encode(
        {"writer": "w", "sequence": 1, "points": [["m", "scalar", float("nan"), None, 1.0]]}
    )
    value = parse_msgpack(body, BatchIn).points[0].value
    assert value != value  # noqa: PLR0124


@pytest.mark.parametrize(
    ("value", "code"),
    [(2**64 - 1, "NumberOutOfRange"), (b"bytes", "InvalidType")],
)
def test_message_pack_is_as_strict(value, code):
    body = msgspec.msgpack.encode(
        {"writer": "w", "sequence": 1, "points": [["m", "scalar", value, 1, 1.0]]}
    )
    with pytest.raises(InvalidError) as caught:
        parse_msgpack(body, BatchIn)
    assert caught.value.code == code
    assert caught.value.target == "$.points[0][2]"


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x91" * 100_000, b"\x93\x01", b"\xa1\xff"])
def test_message_pack_that_is_not(body):
    with pytest.raises(InvalidError):
        parse_msgpack(body, BatchIn)


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200) | JSONISH.map(lambda v: json.dumps(v).encode()))
def test_anything_is_parsed_or_refused(body):
    for parse in (parse_json, parse_msgpack):
        try:
            parse(body, RunIn)
        except InvalidError as error:
            assert error.code  # noqa: PT017 (either outcome is right)


@settings(max_examples=300, deadline=None)
@given(JSONISH)
def test_what_is_accepted_is_what_was_sent(value):
    body = in_definition(json.dumps(value).encode())
    try:
        parsed = parse_json(body, RunIn)
    except InvalidError:
        return
    assert parsed.spec.definition["a"][1] == value


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='[]{}":,\\u0dD8eE+-.19truefalsn \n', max_size=80))
def test_near_json_is_parsed_as_json_does_or_refused(text):
    try:
        parsed = parse_json(text.encode(), dict[str, Any])
    except InvalidError:
        return
    assert parsed == json.loads(text)
