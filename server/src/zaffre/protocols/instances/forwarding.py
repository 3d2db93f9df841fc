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
        has_body = any(name in _WITH_BODY for name, _ in scope["headers"])
        client = _Client(receive, has_body=has_body)
        request = httpcore.Request(
            scope["method"],
            httpcore.URL(scheme=b"http", host=b"127.0.0.1", port=port, target=target_of(scope)),
            headers=_framed(headers, is_chunked=has_body),
            content=client.body() if has_body else None,
            extensions={"timeout": {"connect": _CONNECT_SECONDS, "write": _WRITE_SECONDS}},
        )
        passing = asyncio.ensure_future(self._pass(request, send, ours))
        gone = asyncio.ensure_future(client.departure())
        try:
            await asyncio.wait({passing, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not client.is_gone:
                await passing
        finally:
            for task in (passing, gone):
                task.cancel()
            await asyncio.gather(passing, gone, return_exceptions=True)

    async def _pass(self, request: httpcore.Request, send: Send, ours: str) -> None:
        try:
            answer = await self._pool.handle_async_request(request)
            try:
                await _answer(answer, send, ours)
            finally:
                await answer.aclose()
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
            raise UnavailableError(
                "InstanceNotAnswering",
                "The program of the instance does not answer.",
                hint="Wait a moment and try again, or restart the instance.",
            ) from None


class _Client:
    """The client's end of a request.

    Args:
        receive: Where what it sends comes from; one at a time may wait there.
        has_body: It sends one.

    Attributes:
        is_gone: It wants no answer any more.
    """

    def __init__(self, receive: Receive, *, has_body: bool) -> None:
        self._receive = receive
        self._is_heard = asyncio.Event()
        self.is_gone = False
        if not has_body:
            self._is_heard.set()

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        more = True
        while more:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_gone = True
                self._is_heard.set()
                raise asyncio.CancelledError
            yield message.get("body", b"")
            more = message.get("more_body", False)
        self._is_heard.set()

    async def departure(self) -> None:
        """Return when the client is gone, for which one can look once its body is whole."""
        await self._is_heard.wait()
        while not self.is_gone:
            self.is_gone = (await self._receive())["type"] == "http.disconnect"


async def _answer(answer: httpcore.Response, send: Send, ours: str) -> None:
    headers = answered(answer.headers, ours=ours)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    async for chunk in answer.aiter_stream():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _framed(headers: Headers, *, is_chunked: bool) -> Headers:
    """Say where the body ends: as the client did, or in chunks where it did not know."""
    if is_chunked and not any(name == b"content-length" for name, _ in headers):
        return [*headers, (b"transfer-encoding", b"chunked")]
    return headers
