"""Which bodies a route takes, and how they are read."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from litestar import Request

from zaffre.base.text import shown
from zaffre.protocols.http.errors import JSON, UnsupportedMediaError
from zaffre.protocols.http.strict_json import parse_json, parse_msgpack

T = TypeVar("T")
MAX_JSON_BYTES: Final = 8 << 20
_LARGE_BYTES: Final = 256 << 10
MSGPACK: Final = "application/vnd.msgpack"


class StrictRequest(Request[Any, Any, Any]):
    """A request whose `data` is parsed strictly into the shape that the handler asks for."""

    async def json(self) -> Any:  # noqa: ANN401 (any shape)
        """Return the body as the shape of the handler's `data`.

        Raises:
            UnsupportedMediaError: `UnsupportedMediaType`.
            InvalidError: As `parse_json` and `parse_msgpack`.
        """
        handler = self.route_handler
        field = handler.parsed_fn_signature.parameters["data"]
        takes_msgpack = bool(handler.opt.get("msgpack"))
        sent = self.content_type[0].lower()
        if sent == JSON:
            return await _parsed(parse_json, await self.body(), field.annotation)
        if sent == MSGPACK and takes_msgpack:
            return await _parsed(parse_msgpack, await self.body(), field.annotation)
        accepted = f"`{JSON}` or `{MSGPACK}`" if takes_msgpack else f"`{JSON}`"
        raise UnsupportedMediaError(
            "UnsupportedMediaType",
            f"The content type {shown(sent)} is not taken here.",
            target="Content-Type",
            hint=f"Send {accepted}.",
        )


async def _parsed(parse: Callable[[bytes, type[T]], T], body: bytes, shape: type[T]) -> T:
    if len(body) < _LARGE_BYTES:
        return parse(body, shape)
    # The loop turns meanwhile: others must not wait for somebody's megabytes.
    return await asyncio.to_thread(parse, body, shape)
