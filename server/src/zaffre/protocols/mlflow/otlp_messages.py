"""OpenTelemetry's export request as protocol buffers, read by hand.

The message is small and will not change: OpenTelemetry promises that its protocol is stable
(https://opentelemetry.io/docs/specs/otlp/, `opentelemetry/proto/trace/v1/trace.proto`). Numbers
in this module are the field numbers of that file.
"""

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from zaffre.domain.errors import InvalidError

MAX_FIELDS: Final = 2_000_000
"""An empty message costs two bytes and becomes an object of hundreds; so many are read at most."""
_MAX_DEPTH: Final = 90
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_SHIFT: Final = 63
_INT64: Final = 1 << 63


@dataclass(slots=True, kw_only=True)
class SentLink:
    """A link to another span."""

    trace_id: str = ""
    span_id: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SentEvent:
    """Something that happened while a span went on."""

    time_ns: int = 0
    name: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SentSpan:
    """A span as it was sent; ids are hexadecimal.

    Attributes:
        resource: What the program said of itself; the same dictionary for all its spans.
        status: 0 is unset, 1 is well, 2 is an error.
    """

    resource: dict[str, Any] = field(default_factory=dict)
    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    trace_state: str = ""
    name: str = ""
    kind: int = 0
    started_ns: int = 0
    ended_ns: int = 0
    status: int = 0
    status_message: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[SentEvent] = field(default_factory=list)
    links: list[SentLink] = field(default_factory=list)


class _Field(NamedTuple):
    """A field: a number, or where its bytes begin and end."""

    number: int
    wire: int
    start: int
    end: int


def spans_of(body: bytes) -> Iterator[SentSpan]:
    """Yield the spans of an `ExportTraceServiceRequest`.

    Raises:
        InvalidError: `InvalidProtobuf` or `TooManyFields`.
    """
    message = _Message(body)
    for resource_spans in message.below(0, len(body), 1):
        resource: dict[str, Any] = {}
        for found in message.below(resource_spans.start, resource_spans.end, 1):
            resource = message.attributes(found.start, found.end, 1)
        for scope_spans in message.below(resource_spans.start, resource_spans.end, 2):
            for found in message.below(scope_spans.start, scope_spans.end, 2):
                yield message.span(found.start, found.end, resource)


class _Message:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_FIELDS

    def span(self, start: int, end: int, resource: dict[str, Any]) -> SentSpan:
        span = SentSpan(resource=resource)
        for found in self._fields(start, end):
            self._into(span, found)
        return span

    def below(self, start: int, end: int, number: int) -> Iterator[_Field]:
        """Yield the messages with that number."""
        for found in self._fields(start, end):
            if found.number == number:
                yield _bytes(found)

    def attributes(self, start: int, end: int, number: int) -> dict[str, Any]:
        """Return the attributes of a message."""
        return dict(self._pair(found, 0) for found in self.below(start, end, number))

    def _into(self, span: SentSpan, found: _Field) -> None:
        match found.number:
            case 1 | 2 | 4:
                name = {1: "trace_id", 2: "span_id", 4: "parent_id"}[found.number]
                setattr(span, name, self._raw(found).hex())
            case 3:
                span.trace_state = self._text(found)
            case 5:
                span.name = self._text(found)
            case 6:
                span.kind = found.start if found.wire == _VARINT else 0
            case 7:
                span.started_ns = self._fixed64(found)
            case 8:
                span.ended_ns = self._fixed64(found)
            case _:
                self._parts(span, found)

    def _parts(self, span: SentSpan, found: _Field) -> None:
        match found.number:
            case 9:
                name, value = self._pair(found, 0)
                span.attributes[name] = value
            case 11:
                span.events.append(self._event(found))
            case 13:
                span.links.append(self._link(found))
            case 15:
                self._status(span, found)

    def _status(self, span: SentSpan, status: _Field) -> None:
        for found in self._fields(*_bytes(status)[2:]):
            if found.number == 2:  # noqa: PLR2004 - a field number
                span.status_message = self._text(found)
            elif found.number == 3 and found.wire == _VARINT:  # noqa: PLR2004 - as above
                span.status = found.start

    def _event(self, event: _Field) -> SentEvent:
        made = SentEvent()
        for found in self._fields(*_bytes(event)[2:]):
            match found.number:
                case 1:
                    made.time_ns = self._fixed64(found)
                case 2:
                    made.name = self._text(found)
                case 3:
                    name, value = self._pair(found, 0)
                    made.attributes[name] = value
        return made

    def _link(self, link: _Field) -> SentLink:
        made = SentLink()
        for found in self._fields(*_bytes(link)[2:]):
            match found.number:
                case 1:
                    made.trace_id = self._raw(found).hex()
                case 2:
                    made.span_id = self._raw(found).hex()
                case 4:
                    name, value = self._pair(found, 0)
                    made.attributes[name] = value
        return made

    def _pair(self, pair: _Field, depth: int) -> tuple[str, Any]:
        name, value = "", None
        for found in self._fields(*_bytes(pair)[2:]):
            if found.number == 1:
                name = self._text(found)
            elif found.number == 2:  # noqa: PLR2004 - a field number
                value = self._value(found, depth + 1)
        return name, value

    def _value(self, given: _Field, depth: int) -> Any:  # noqa: ANN401 - whatever was sent
        if depth > _MAX_DEPTH:
            raise InvalidError("TooDeep", "An attribute is nested too deeply.", target="body")
        value: Any = None
        for found in self._fields(*_bytes(given)[2:]):
            match found.number:
                case 1:
                    value = self._text(found)
                case 2:
                    value = bool(found.start)
                case 3:
                    value = found.start - 2 * _INT64 if found.start >= _INT64 else found.start
                case 4:
                    value = struct.unpack_from("<d", self._data, _fixed(found).start)[0]
                case _:
                    value = self._nested(found, depth)
        return value

    def _nested(self, given: _Field, depth: int) -> Any:  # noqa: ANN401 - whatever was sent
        match given.number:
            case 5:
                return [
                    self._value(each, depth + 1)
                    for each in self.below(*_bytes(given)[2:], number=1)
                ]
            case 6:
                return dict(
                    self._pair(each, depth + 1)
                    for each in self.below(*_bytes(given)[2:], number=1)
                )
            case 7:
                return base64.b64encode(self._raw(given)).decode()
        return None

    def _raw(self, found: _Field) -> bytes:
        _bytes(found)
        return self._data[found.start : found.end]

    def _text(self, found: _Field) -> str:
        return self._raw(found).decode("utf-8", "replace")

    def _fixed64(self, found: _Field) -> int:
        start = _fixed(found).start
        return int.from_bytes(self._data[start : start + 8], "little")

    def _fields(self, start: int, end: int) -> Iterator[_Field]:
        position = start
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise too_many_fields()
            tag, position = self._varint(position, end)
            found, position = self._field(tag, position, end)
            yield found

    def _field(self, tag: int, position: int, end: int) -> tuple[_Field, int]:
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, after = self._varint(position, end)
            return _Field(number, wire, value, 0), after
        if wire == _BYTES:
            length, position = self._varint(position, end)
        elif wire == _FIXED64:
            length = 8
        elif wire == _FIXED32:
            length = 4
        else:
            raise _broken()
        after = position + length
        if after > end:
            raise _broken()
        return _Field(number, wire, position, after), after

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while position < end and shift <= _MAX_SHIFT:
            byte = self._data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
                return value & (2 * _INT64 - 1), position
            shift += 7
        raise _broken()


def too_many_fields() -> InvalidError:
    """Return the refusal of a body that would need too much memory."""
    return InvalidError(
        "TooManyFields",
        f"The body has more than {MAX_FIELDS} fields.",
        target="body",
        hint="Export fewer spans at once.",
    )


def _bytes(found: _Field) -> _Field:
    if found.wire != _BYTES:
        raise _broken()
    return found


def _fixed(found: _Field) -> _Field:
    if found.wire != _FIXED64:
        raise _broken()
    return found


def _broken() -> InvalidError:
    return InvalidError(
        "InvalidProtobuf",
        "The body is not an `ExportTraceServiceRequest` in protocol buffers.",
        target="body",
    )
