"""Clients that hold connections and send nothing, or little, hold up nobody else."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live import LiveRuns, LiveServer

IDLE = 300
ANSWER_SECONDS = 2.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@contextlib.contextmanager
def slow_connections(server: LiveServer, path: str) -> Iterator[list[socket.socket]]:
    """Hold requests open at every stage: nothing sent, half of a head, half of a body."""
    address = urlsplit(server.url)
    token = (server.home / "token").read_text()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    ).encode()
    stages = [b"", head[:20], head, head + b'{"experiment": '] * (IDLE // 4)
    with contextlib.ExitStack() as stack:
        held = []
        for data in stages:
            raw = socket.create_connection((address.hostname, address.port), timeout=10)
            held.append(stack.enter_context(raw))
            raw.sendall(data)
        yield held


def test_r35_slow_clients_hold_up_nobody(tmp_path: Path):
    server = LiveServer(tmp_path / "home")
    server.start()
    try:
        runs = LiveRuns(server)
        stop = threading.Event()
        with slow_connections(server, f"/api/v1{runs.root}/runs") as held:

            def trickle() -> None:
                """Send a byte now and then where a body is awaited."""
                while not stop.wait(0.05):
                    for raw in held[3::4]:
                        with contextlib.suppress(OSError):
                            raw.send(b" ")

            sender = threading.Thread(target=trickle)
            sender.start()
            try:
                longest = max(seconds_of_an_answer(server) for _ in range(100))
                run = runs.submit("print('done')")
                assert runs.wait(run)["state"] == "Completed"
            finally:
                stop.set()
                sender.join()
        print(f"the longest of 100 answers took {longest * 1e3:.0f} ms")  # noqa: T201 (measured)
        assert longest < ANSWER_SECONDS
    finally:
        started = time.monotonic()
        server.stop()
    # Those who hold connections do not hold up the end either.
    assert time.monotonic() - started < 35
    assert '"level": "error"' not in (tmp_path / "server-output.log").read_text()


def seconds_of_an_answer(server: LiveServer) -> float:
    started = time.monotonic()
    server.json("GET", "/server")
    return time.monotonic() - started
