"""Real HTTP servers from the standard library that behave as badly as a test wants."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer; `cut` breaks the connection instead, after `body` has been promised."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def reply(content, status=200, **headers):
    return Reply(status, json.dumps(content).encode(), headers)


def refusal(status, code, message="no", **headers):
    return reply({"error": {"code": code, "message": message}}, status, **headers)


class ScriptedServer:
    """Answers each request by a function; can be killed and come back."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, port: int = 0) -> "ScriptedServer":
        self._server = _Server(("127.0.0.1", port or self.port), _handler(self))
        self.port = self._server.server_address[1]
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.01,), daemon=True).start()
        return self

    def kill(self) -> None:
        """Refuse connections from now on, and break those that are open."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()


@contextlib.contextmanager
def scripted(answer: Callable[[Asked], Reply]) -> Iterator[ScriptedServer]:
    server = ScriptedServer(answer).start()
    try:
        yield server
    finally:
        server.kill()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that went away is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    scripted: ScriptedServer

    def setup(self) -> None:
        super().setup()
        self.scripted.connections += 1
        self.scripted._open.add(self.connection)

    def log_message(self, *_: object) -> None:
        """Tests look at what was asked, not at a log."""

    def _respond(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(size))
        self.scripted.asked.append(asked)
        answer = self.scripted.answer(asked)
        if answer.cut:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._answer(answer)

    def _answer(self, answer: Reply) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name.replace("_", "-"), value)
        # A length of the test's own promises more than there is.
        lies = "content_length" in answer.headers
        if not lies:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.close_connection = self.close_connection or lies

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815 (http.server's)


def _handler(server: ScriptedServer) -> type[_Handler]:
    return type("Handler", (_Handler,), {"scripted": server})
