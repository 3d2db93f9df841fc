"""Bodies parsed without mercy: what is not exactly right is refused with the place of the fault.

The standard parser is fast but forgiving; what it lets pass (duplicate keys, NaN, numbers beyond
64 bits, half characters, NUL, endless nesting) is looked for here, and only where a quick look at
the text says that it might be there.
"""

import contextlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeVar

import msgspec
from zaffre_sdk.wire import decoding

from zaffre.base.text import closest, shown
from zaffre.domain.errors import InvalidError

T = TypeVar("T")
MAX_DEPTH: Final = 64
_INT64: Final = 1 << 63
_INT64_LENGTH: Final = len(str(-_INT64))
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
# Every digit looks like a nine, so that a long number is a substring.
_DIGITS: Final = bytes.maketrans(b"012345678E", b"999999999e")
_LONG_NUMBER: Final = b"9" * 19
_LONG_EXPONENT: Final = b"e999"
_ODD_ESCAPE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ODD_CHARACTER: Final = re.compile("[\0\ud800-\udfff]")
_AT: Final = re.compile(r" - at `(?P<path>.*)`$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands in the parsed value where something is wrong, until its path is known."""

    code: str
    words: str


def parse_json(body: bytes, shape: type[T]) -> T:
    """Return the body as a value of `shape`.

    Raises:
        InvalidError: `InvalidJson` with the byte offset; `JsonTooDeep`; `NumberOutOfRange`,
            `InvalidNumber`, `InvalidCharacter`, `DuplicateKey`, `UnknownField`, `MissingField` or
            `InvalidType` with the JSON path.
    """
    text = _decoded(body)
    _check_depth(body)
    hooks = _Hooks()
    value = _loaded(text, hooks, large=_has_large_number(body))
    if hooks.faults or _ODD_ESCAPE.search(text):
        _raise_first(value)
    return shaped(value, shape)


def parse_msgpack(body: bytes, shape: type[T]) -> T:
    """Return a MessagePack body as a value of `shape`; NaN and infinities are allowed.

    What fits a shape that spells out all its values is taken at once: bodies come by the hundred
    thousand points. Only what does not fit is looked at closely, to say what is wrong.

    Args:
        body: What was sent.
        shape: A shape without `Any`, whose types leave out what must not be sent.

    Raises:
        InvalidError: `InvalidMessagePack`, or as `parse_json`.
    """
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decoding.from_msgpack(body, shape)
    try:
        value = msgspec.msgpack.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise InvalidError(
            "InvalidMessagePack", f"The body is not MessagePack: {error}.", target="$"
        ) from None
    _raise_first(value)
    return shaped(value, shape)


def shaped(value: object, shape: type[T]) -> T:
    """Return plain data as a value of `shape`, without converting one type to another.

    Raises:
        InvalidError: `UnknownField`, `MissingField` or `InvalidType`, naming the JSON path.
    """
    try:
        return decoding.from_plain(value, shape)
    except msgspec.ValidationError as error:
        raise _misshapen(str(error), shape) from None


def _decoded(body: bytes) -> str:
    if not body:
        raise _invalid("The body is empty", 0)
    if body[:3] == b"\xef\xbb\xbf" or body[:2] in {b"\xff\xfe", b"\xfe\xff"} or 0 in body[:2]:
        raise _invalid("The body is not UTF-8 without a byte order mark", 0)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _invalid("The body is not UTF-8", error.start) from None


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        # Each turn takes away the innermost level, so that what is left is deeper, or unbalanced.
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise _too_deep()


def _has_large_number(body: bytes) -> bool:
    digits = body.translate(_DIGITS, b"+-")
    return _LONG_NUMBER in digits or _LONG_EXPONENT in digits


class _Hooks:
    """What the standard parser calls for what it would let pass."""

    def __init__(self) -> None:
        self.faults: list[_Fault] = []

    def constant(self, name: str) -> _Fault:
        return self._found("InvalidNumber", f"is `{name}`, which JSON does not have")

    def integer(self, digits: str) -> int | _Fault:
        if len(digits) > _INT64_LENGTH or not -_INT64 <= int(digits) < _INT64:
            return self._found("NumberOutOfRange", "is beyond 64 bits")
        return int(digits)

    def real(self, digits: str) -> float | _Fault:
        number = float(digits)
        if math.isfinite(number):
            return number
        return self._found("NumberOutOfRange", "is too large")

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Fault:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        counts = Counter(key for key, _ in pairs)
        return self._found(
            "DuplicateKey", f"has the key {shown(counts.most_common(1)[0][0])} twice"
        )

    def _found(self, code: str, words: str) -> _Fault:
        self.faults.append(_Fault(code, words))
        return self.faults[-1]


def _loaded(text: str, hooks: _Hooks, *, large: bool) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=hooks.members,
            parse_constant=hooks.constant,
            parse_int=hooks.integer if large else None,
            parse_float=hooks.real if large else None,
        )
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode("utf-8", "surrogatepass"))
        raise _invalid(error.msg, offset) from None


def _raise_first(value: object) -> None:
    """Raise the first fault of a parsed value, with its path."""
    levels: list[Iterator[tuple[object, object]]] = [iter([("$", value)])]
    path: list[object] = []
    while levels:
        for key, here in levels[-1]:
            fault = _CHECKS.get(type(here), _foreign)(here)
            if fault:
                place = _written([*path, key])
                words = f"The value at {shown(place)} {fault.words}."
                raise InvalidError(fault.code, words, target=place)
            if isinstance(here, list | dict):
                path.append(key)
                levels.append(_inside(here))
                break
        else:
            levels.pop()
            del path[-1:]
        if len(levels) > MAX_DEPTH + 1:
            raise _too_deep()


def _inside(value: list[Any] | dict[str, Any]) -> Iterator[tuple[object, object]]:
    if isinstance(value, list):
        return iter(enumerate(value))
    return chain(((key, key) for key in value), value.items())


def _written(path: list[object]) -> str:
    """Return a path as JSON path writes it."""
    root, *rest = path
    return str(root) + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)


def _text(value: object) -> _Fault | None:
    if _ODD_CHARACTER.search(str(value)):
        return _Fault("InvalidCharacter", "has a NUL or half a character")
    return None


def _whole(value: Any) -> _Fault | None:  # noqa: ANN401 (an integer, by the table below)
    if -_INT64 <= value < _INT64:
        return None
    return _Fault("NumberOutOfRange", "is beyond 64 bits")


def _foreign(value: object) -> _Fault:
    if isinstance(value, _Fault):
        return value
    return _Fault("InvalidType", f"has a type that JSON lacks, `{type(value).__name__}`")


def _fine(_value: object) -> None:
    return None


_CHECKS: Final[dict[type, Callable[[Any], _Fault | None]]] = {
    str: _text,
    int: _whole,
    **dict.fromkeys((bool, float, list, dict, type(None)), _fine),
}


def _misshapen(words: str, shape: object) -> InvalidError:
    found = _AT.search(words)
    path = found["path"] if found else "$"
    words = _AT.sub("", words)
    if unknown := _UNKNOWN.fullmatch(words):
        meant = closest(unknown["name"], sorted(_field_names(shape)))
        return InvalidError(
            "UnknownField",
            f"The field {shown(unknown['name'])} at {shown(path)} is not known.",
            target=f"{path}.{unknown['name']}",
            hint=f"Did you mean `{meant}`?" if meant else None,
        )
    if missing := _MISSING.fullmatch(words):
        return InvalidError(
            "MissingField",
            f"The field `{missing['name']}` at {shown(path)} is missing.",
            target=f"{path}.{missing['name']}",
        )
    return InvalidError("InvalidType", f"{words} at {shown(path)}.", target=path)


def _field_names(shape: object) -> set[str]:
    """Return the names of all fields of a shape and of the shapes within it."""
    names: set[str] = set()
    seen: set[object] = set()
    waiting = [shape]
    while waiting:
        here = waiting.pop()
        waiting.extend(getattr(here, "__args__", ()))
        if isinstance(here, type) and issubclass(here, msgspec.Struct) and here not in seen:
            seen.add(here)
            fields = msgspec.structs.fields(here)
            names.update(field.encode_name for field in fields)
            waiting.extend(field.type for field in fields)
    return names


def _invalid(words: str, offset: int) -> InvalidError:
    return InvalidError(
        "InvalidJson",
        f"{words}, at byte {offset}.",
        target=f"byte {offset}",
        hint="Send one JSON value in UTF-8.",
    )


def _too_deep() -> InvalidError:
    return InvalidError(
        "JsonTooDeep", f"The body nests deeper than {MAX_DEPTH} levels.", target="$"
    )
