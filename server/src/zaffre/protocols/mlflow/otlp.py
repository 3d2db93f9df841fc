"""Spans as OpenTelemetry's exporters send them: OTLP over HTTP, protocol buffers or JSON."""

import asyncio
import zlib
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError, TooLargeError
from zaffre.domain.traces import SpanBatch
from zaffre.protocols.mlflow import otlp_json, otlp_messages
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.ids import experiment_of
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.routes import Answer, Route, route
from zaffre.protocols.mlflow.traces_spans import batches_of

MAX_BYTES: Final = 64 << 20
"""Of the body, compressed or not."""
_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_DECODERS: Final = {_PROTOBUF: otlp_messages.spans_of, _JSON: otlp_json.spans_of}
_EMPTY: Final = {_PROTOBUF: b"", _JSON: b"{}"}
_ENCODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 47}
_MAX_MEMBERS: Final = 100
"""Each one that follows another copies what is left of the body."""
_INLINE_BYTES: Final = 64 << 10
"""Reading more takes long enough for others to notice."""


async def export_spans(call: MlflowCall) -> Answer:
    """Keep spans; all of a request, or none."""
    given = required(call.header(b"x-mlflow-experiment-id"), "x-mlflow-experiment-id")
    run_id = call.header(b"x-mlflow-run-id")
    media_type = (call.header(b"content-type") or "").partition(";")[0].strip().lower()
    if media_type not in _DECODERS:
        raise InvalidError(
            "InvalidContentType",
            f"Spans cannot be sent as {shown(media_type)}.",
            target="content-type",
            hint=f"Send `{_PROTOBUF}` or `{_JSON}`.",
        )
    encoding = (call.header(b"content-encoding") or "identity").strip().lower()
    body = await call.body(limit=MAX_BYTES)
    if len(body) <= _INLINE_BYTES and encoding == "identity":
        batches = _read(body, media_type, encoding)
    else:
        batches = await asyncio.to_thread(_read, body, media_type, encoding)
    if batches:
        await call.write(
            lambda s: s.traces.add_spans(
                experiment_of(s, call.workspace, given, caller=call.caller),
                batches,
                caller=call.caller,
                run_id=run_id,
            )
        )
    return Answer(headers=[(b"content-type", media_type.encode())], body=_EMPTY[media_type])


def _read(body: bytes, media_type: str, encoding: str) -> list[SpanBatch]:
    return batches_of(_DECODERS[media_type](_plain(body, encoding)))


def _plain(body: bytes, encoding: str) -> bytes:
    """Return the body as it was before it was compressed, in bounded memory."""
    if encoding == "identity":
        return body
    bits = _ENCODINGS.get(encoding)
    if bits is None:
        raise InvalidError(
            "InvalidContentEncoding",
            f"The encoding {shown(encoding)} is not known.",
            target="content-encoding",
            hint="Send `gzip`, `deflate`, or nothing.",
        )
    try:
        return _inflated(body, bits)
    except zlib.error:
        if encoding != "deflate":
            raise _not(encoding) from None
    try:
        # Some clients leave out the header that `deflate` has.
        return _inflated(body, -zlib.MAX_WBITS)
    except zlib.error:
        raise _not(encoding) from None


def _inflated(body: bytes, bits: int) -> bytes:
    parts = []
    room = MAX_BYTES
    while body:
        stream = zlib.decompressobj(bits)
        part = stream.decompress(body, room + 1)
        room -= len(part)
        if room < 0:
            raise TooLargeError(
                "BodyTooLarge", f"The body is larger than {MAX_BYTES} bytes.", target="body"
            )
        parts.append(part)
        if not stream.eof or len(parts) > _MAX_MEMBERS:
            raise zlib.error("it ends early, or has too many members")
        body = stream.unused_data
    return b"".join(parts)


def _not(encoding: str) -> InvalidError:
    return InvalidError("InvalidContentEncoding", f"The body is not {encoding}.", target="body")


ROUTES: Final[list[Route]] = [
    route("POST", "/v1/traces", export_spans, Permission.RUNS_WRITE),
]
