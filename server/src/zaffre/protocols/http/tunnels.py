"""Connections that a door takes over: requests to upgrade to a web socket.

Such a request comes to the doors as the GET that it is. A door that answers it as any other does
so, and the connection ends. One that knows where it leads carries it: from then on bytes pass in
both directions as they are, and what they mean is between the browser and the program.
"""

import asyncio
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from zaffre.domain.errors import UnavailableError
from zaffre.protocols.http.asgi import Message, Scope

EXTENSION: Final = "zaffre.tunnel"
_HEAD_SECONDS: Final = 60.0
_MAX_HEAD: Final = 64 << 10
_END: Final = b"\r\n\r\n"
_SWITCHING: Final = b"HTTP/1.1 101 "


class Tunnel(asyncio.Protocol):
    """The client's end of one such connection.

    Args:
        config: Of the server; its application answers.
        state: What the server knows of its connections.
    """

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        self._app = config.loaded_app
        self._connections = cast("set[Any]", state.connections)
        self._tasks = state.tasks
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._far: _Far | None = None
        self._gone = asyncio.Event()
        self._is_asked = False
        self._is_answered = False

    def open(self, transport: asyncio.Transport, scope: Scope) -> None:
        """Take the connection over, and ask the doors what is to become of it."""
        self._transport = transport
        # Nothing that comes can be passed on before somebody is there to take it.
        transport.pause_reading()
        self._connections.add(self)
        scope["extensions"] = {**scope.get("extensions", {}), EXTENSION: self}
        task = asyncio.get_running_loop().create_task(self._run(scope))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def carry(self, port: int, head: bytes) -> None:
        """Lead the connection to a port of this machine until one end closes it.

        Args:
            port: On loopback.
            head: The request as it is to arrive there.

        Raises:
            UnavailableError: Nobody there takes it; nothing was answered yet.
        """
        far = await self._reached(port)
        try:
            far.transport.write(head)
            # What is no switch of protocols would leave a connection on which the next request,
            # of whomever, could reach the program past the doors.
            answer = await self._switched(far)
            self._far, self._is_answered = far, True
            far.near = self._transport
            self._transport.write(answer)
            far.transport.resume_reading()
            if not self._transport.is_closing():
                self._transport.resume_reading()
            await self._gone.wait()
        finally:
            far.transport.close()

    async def _reached(self, port: int) -> "_Far":
        loop = asyncio.get_running_loop()
        try:
            _, far = await loop.create_connection(_Far, "127.0.0.1", port)
        except OSError:
            raise _refused("nobody answers there") from None
        return far

    async def _switched(self, far: "_Far") -> bytes:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                answer = await far.head
        except TimeoutError:
            raise _refused("it does not answer in time") from None
        line = answer.partition(b"\r\n")[0]
        if not line.startswith(_SWITCHING):
            raise _refused(f"it answers `{line[:100].decode('latin-1')}`")
        return answer

    def shutdown(self) -> None:
        """End, since the server does."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Pass on what the client sends."""
        if self._far is not None:
            self._far.transport.write(data)

    def pause_writing(self) -> None:
        """Let the far end wait: the client does not take what there is."""
        if self._far is not None:
            self._far.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if self._far is not None and not self._far.transport.is_closing():
            self._far.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the signature of asyncio)
        """End: the client is gone."""
        self._connections.discard(self)
        self._gone.set()

    async def _run(self, scope: Scope) -> None:
        try:
            await self._app(scope, self._receive, self._send)
        finally:
            self._transport.close()

    async def _receive(self) -> Message:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        """Answer as to any other request; the end of the connection ends the body."""
        if message["type"] == "http.response.start" and not self._is_answered:
            self._is_answered = True
            lines = [STATUS_LINE[message["status"]]]
            for name, value in message["headers"]:
                lines += [name, b": ", value, b"\r\n"]
            self._transport.write(b"".join([*lines, b"connection: close\r\n\r\n"]))
        elif message["type"] == "http.response.body":
            self._transport.write(message.get("body", b""))


class _Far(asyncio.Protocol):
    """The end at the program.

    Attributes:
        head: Its answer, up to and with the empty line, and what came behind it.
        near: Where its bytes go once it has answered.
    """

    def __init__(self) -> None:
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.near: asyncio.Transport | None = None
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what the program sends."""
        if self.near is not None:
            self.near.write(data)
            return
        self._came += data
        if _END in self._came or len(self._came) > _MAX_HEAD:
            # What comes next is for the client, who is not known to this end yet.
            self.transport.pause_reading()
            if not self.head.done():
                self.head.set_result(self._came)

    def pause_writing(self) -> None:
        """Let the client wait."""
        if self.near is not None:
            self.near.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if self.near is not None and not self.near.is_closing():
            self.near.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the signature of asyncio)
        """End: the program did. The client is given what is left."""
        if not self.head.done():
            self.head.set_result(self._came)
        if self.near is not None:
            self.near.close()


def _refused(why: str) -> UnavailableError:
    return UnavailableError("WebSocketRefused", f"The program did not take the web socket: {why}.")
