"""Passing one request on to a program of this machine, and its answer back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpcore

from zaffre.domain.errors import UnavailableError
from zaffre.protocols.http.asgi import Message, Receive, Scope, Send
from zaffre.protocols.instances.headers import Headers, answered, target_of

_CONNECT_SECONDS: Final = 5.0
_WRITE_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 10.0
_MAX_KEPT: Final = 20
_WITH_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})


class Forwarder:
    """Passes requests on over connections that are kept; bodies pass as they come.

    Answers may take their time: a program is not told how long it may compute.
    """

    def __init__(self) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=None,
            max_keepalive_connections=_MAX_KEPT,
            keepalive_expiry=_IDLE_SECONDS,
        )

    async def close(self) -> None:
        """Close what is kept."""
        await self._pool.aclose()

    async def forward(
        self, scope: Scope, receive: Receive, send: Send, *, port: int, headers: Headers, ours: str
    ) -> None:
        """Pass a request on; returns when it is answered or the client is gone.

        Raises:
            UnavailableError: `InstanceNotAnswering`.
        """
        client = _Client(receive)
        has_body = any(name in _WITH_BODY for name, _ in scope["headers"])
        request = httpcore.Request(
            scope["method"],
            httpcore.URL(scheme=b"http", host=b"127.0.0.1", port=port, target=target_of(scope)),
            headers=_framed(headers, is_chunked=has_body),
            content=client.body() if has_body else None,
            extensions={"timeout": {"connect": _CONNECT_SECONDS, "write": _WRITE_SECONDS}},
        )
        passing = asyncio.ensure_future(self._pass(request, send, ours))
        gone = asyncio.ensure_future(client.gone.wait() if has_body else client.departure())
        try:
            await asyncio.wait({passing, gone}, return_when=asyncio.FIRST_COMPLETED)
            if passing.done():
                await passing
        finally:
            for task in (passing, gone):
                task.cancel()
            await asyncio.gather(passing, gone, return_exceptions=True)

    async def _pass(self, request: httpcore.Request, send: Send, ours: str) -> None:
        try:
            answer = await self._pool.handle_async_request(request)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
            raise UnavailableError(
                "InstanceNotAnswering",
                "The program of the instance does not answer.",
                hint="Wait a moment and try again, or restart the instance.",
            ) from None
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": answered(answer.headers, ours=ours),
                }
            )
            async for chunk in answer.aiter_stream():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await answer.aclose()


class _Client:
    """The client's end of a request."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.gone = asyncio.Event()

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        more = True
        while more:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                raise asyncio.CancelledError
            yield message.get("body", b"")
            more = message.get("more_body", False)

    async def departure(self) -> None:
        """Return when the client is gone; only where no body is awaited."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _framed(headers: Headers, *, is_chunked: bool) -> Headers:
    """Say where the body ends: as the client did, or in chunks where it did not know."""
    if is_chunked and not any(name == b"content-length" for name, _ in headers):
        return [*headers, (b"transfer-encoding", b"chunked")]
    return headers
