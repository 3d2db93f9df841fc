"""Connections that are cut when nothing comes of them.

The HTTP parser below waits for ever, and gathers whatever comes: a head that never ends, a body
that stops in the middle, an answer that nobody takes. Each connection looks after itself from
time to time, which costs a request next to nothing.
"""

import asyncio
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from zaffre.protocols.http.tunnels import Tunnel

IDLE_SECONDS: Final = 30.0
UNREAD_SECONDS: Final = 60.0
MAX_GATHERED_BYTES: Final = 64 << 10
_LOOKS: Final = 6
_BODY: Final = b'{"error":{"code":"HeadersTooLarge","message":"The headers are too large."}}'
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"x-ms-error-code: HeadersTooLarge\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
) % (len(_BODY), _BODY)


class PatientProtocol(HttpToolsProtocol):
    """A connection that is cut when it is silent where something is awaited.

    A head must be whole within `idle_seconds`, a body must not pause for longer, and an answer
    must be taken a little within `unread_seconds`. What comes and is neither a whole head nor a
    part of a body is bounded.
    """

    idle_seconds = IDLE_SECONDS
    unread_seconds = UNREAD_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (the original's)
        super().__init__(*args, **kwargs)
        self._heard = 0.0
        self._gathered = 0
        self._in_head = False
        self._has_progress = False
        self._unread = 0
        self._unread_since = 0.0
        self._look_task: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the original
        """Begin to look."""
        super().connection_made(transport)
        self._heard = self.loop.time()
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        if self._look_task is not None:
            self._look_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what comes, and bound what has to be kept of it."""
        if self._is_answering:
            self._heard = self.loop.time()
        self._has_progress = False
        super().data_received(data)
        if self._has_progress:
            self._gathered = 0
            return
        self._gathered += len(data)
        if self._gathered > MAX_GATHERED_BYTES and not self.transport.is_closing():
            if self._is_answering:
                self.transport.abort()
                return
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Expect a head."""
        self._in_head = True
        self._heard = self.loop.time()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head; those behind a body are not what was authenticated."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._in_head = False
        self._has_progress = True
        self._heard = self.loop.time()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        # Of a request that was answered already it is waste, however much there is.
        self._has_progress = True
        super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, head and all; whoever has it then looks after it."""
        if self._is_answering:
            # Two answers on one connection would run into each other.
            self.transport.abort()
            return
        if self._look_task is not None:
            self._look_task.cancel()
        self.connections.discard(self)
        url = httptools.parse_url(self.url)
        path = unquote(url.path.decode("ascii"))
        query = url.query or b""
        scope = {**self.scope, "path": path, "raw_path": url.path, "query_string": query}
        tunnel = Tunnel(self.config, self.server_state)
        self.transport.set_protocol(tunnel)
        tunnel.open(self.transport, scope)

    def _should_upgrade(self) -> bool:
        return self.scope.get("method") == "GET" and super()._should_upgrade()

    def on_response_complete(self) -> None:
        """Wait for the next head from now on."""
        self._heard = self.loop.time()
        super().on_response_complete()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _look_later(self) -> None:
        pause = min(self.idle_seconds, self.unread_seconds) / _LOOKS
        self._look_task = self.loop.call_later(pause, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        left = self.transport.get_write_buffer_size()
        # As long as there is something to take, the next thing to come is not awaited.
        if self._is_unread(left, now) if left else self._is_silent(now):
            self.transport.abort()
        else:
            self._look_later()

    def _is_silent(self, now: float) -> bool:
        """Tell whether something is awaited from the client and does not come."""
        if self._is_answering:
            if not self.cycle.more_body:
                return False
            if self.flow.read_paused or self.cycle.waiting_for_100_continue:
                self._heard = now
        elif self.timeout_keep_alive_task is not None:
            return False  # between two requests there is a longer time
        return now - self._heard > self.idle_seconds

    def _is_unread(self, left: int, now: float) -> bool:
        """Tell whether an answer waits to be taken, and nothing of it is."""
        if left != self._unread:
            self._unread, self._unread_since = left, now
        self._heard = now
        return now - self._unread_since > self.unread_seconds
