"""A server under large bodies, odd bytes on the wire, and signals while it works."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest
from zaffre_sdk.client import Client, Transport, WorkspaceClient
from zaffre_sdk.home import Home
from zaffre_sdk.wire.runs import RunIn, RunOut, RunSpec
from zaffre_sdk.wire.workspaces import WorkspaceIn

GIGABYTE = 1 << 30
CHUNK = os.urandom(1 << 20)


class Server:
    def __init__(self, home: Home) -> None:
        self.home = home
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ZAFFRE_", "AZUREML_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "zaffre", "up", "--foreground", "--port", "0"],
            env={**kept, "ZAFFRE_HOME": str(home.root)},
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 30
        while home.read_server() is None:
            assert time.monotonic() < deadline
            assert self.process.poll() is None
            time.sleep(0.02)
        self.url = home.read_server().url
        self.token = home.read_token()
        self.client = Client(Transport(self.url, self.token))

    @property
    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def workspace(self) -> WorkspaceClient:
        new = WorkspaceIn(name="w", subscription_id="s", resource_group="g", exist_ok=True)
        return self.client.workspace(self.client.workspaces.create(new).id)

    def stop(self) -> bytes:
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=35)[1]

    def talk(self, data: bytes) -> bytes:
        """Send bytes as they are, and return what comes back until the server is done."""
        with socket.create_connection(("127.0.0.1", urlsplit(self.url).port), timeout=30) as raw:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := raw.recv(65536):
                answer += chunk
            return answer


@contextlib.contextmanager
def serving(home: Home) -> Iterator[Server]:
    server = Server(home)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    with serving(Home(tmp_path / "home")) as server:
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Server]:
    with serving(Home(tmp_path_factory.mktemp("shared") / "home")) as server:
        yield server


def start_interactive(workspace: WorkspaceClient) -> RunOut:
    return workspace.runs.create(RunIn(experiment="e", spec=RunSpec(kind="interactive")))


@contextlib.contextmanager
def growth(server: Server) -> Iterator[list[int]]:
    """Measure how much memory the server needs at most, over what it needed before."""
    before = server.memory
    grown = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            grown[0] = max(grown[0], server.memory - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield grown
    finally:
        done.set()
        watcher.join()


def upload(server: Server, path: str) -> None:
    headers = {
        "Authorization": f"Bearer {server.token}",
        "Content-Type": "application/octet-stream",
        "Content-Length": str(GIGABYTE),
    }
    with contextlib.closing(server.connection()) as connection:
        chunks = (CHUNK for _ in range(GIGABYTE // len(CHUNK)))
        connection.request("PUT", path, chunks, headers)
        assert connection.getresponse().status == 200


def download(server: Server, path: str) -> str:
    seen = hashlib.sha256()
    with contextlib.closing(server.connection()) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
        answer = connection.getresponse()
        while data := answer.read(1 << 20):
            seen.update(data)
    return seen.hexdigest()


@pytest.mark.slow
def test_r25_a_gigabyte_up_and_down_adds_little_memory(server):
    digest = hashlib.sha256()
    for _ in range(GIGABYTE // len(CHUNK)):
        digest.update(CHUNK)
    workspace = server.workspace()
    run = start_interactive(workspace)
    path = f"/api/v1/workspaces/{workspace.id}/runs/{run.id}/artifacts/outputs/large.bin"
    with growth(server) as grown:
        upload(server, path)
        assert download(server, path) == digest.hexdigest()
    print(f"grew by {grown[0] >> 20} MiB")  # noqa: T201 (a measurement)
    assert 0 < grown[0] < 64 << 20


def test_r31_long_polls_are_answered_when_the_server_stops(server):
    workspace = server.workspace()
    run = start_interactive(workspace)
    answers: list[str] = []

    def wait() -> None:
        answers.append(workspace.runs.wait(run.id, state=run.state, seconds=50).state)

    waiters = [threading.Thread(target=wait) for _ in range(5)]
    for waiter in waiters:
        waiter.start()
    deadline = time.monotonic() + 20
    while len(psutil.Process(server.process.pid).net_connections()) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 15
    assert server.process.returncode == 0
    for waiter in waiters:
        waiter.join(30)
    assert answers == [run.state] * 5


def test_r31_a_second_signal_does_not_wait_for_anybody(server):
    workspace = server.workspace()
    connection = server.connection()
    connection.putrequest("PUT", f"/api/v1/workspaces/{workspace.id}/blobs/{'0' * 64}")
    connection.putheader("Authorization", f"Bearer {server.token}")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", "4000000")
    connection.endheaders(b"only the beginning" * 100_000)
    folder = server.home.root / "data" / "tmp"
    deadline = time.monotonic() + 20
    while not list(folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        server.process.wait(1)
    server.process.send_signal(signal.SIGTERM)
    server.process.communicate(timeout=8)
    assert server.process.returncode == 0
    connection.close()
    assert server.home.read_server() is None


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], {400}),
        (["Content-Length: 5", "Content-Length: 6"], {400}),
        (["Content-Length: -1"], {400}),
        (["X-Large: " + "x" * 65536], {400, 431}),
        (["Host: evil.test"], {400}),
        (["Transfer-Encoding: gzip, chunked", "Content-Encoding: gzip"], {400, 401, 415}),
    ],
    ids=["c21-both-lengths", "c21-two-lengths", "c21-negative", "c22", "c23", "c17"],
)  # fmt: skip
def test_c21_c22_c23_on_the_wire(shared, lines, status):
    head = ["POST /api/v1/workspaces HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *lines]
    answer = shared.talk("\r\n".join([*head, "", ""]).encode() + b"hello")
    assert int(answer.split()[1]) in status, answer[:300]


def test_a45_a_hostile_request_leaves_one_clean_line(server):
    path = "/" + "%1b%5B31m%0a" * 300 + "x" * 5000
    server.talk(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    bearer = f"Authorization: Bearer {server.token}"
    server.talk(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}\r\nConnection: close\r\n\r\n".encode()
    )
    lines = server.stop().splitlines()
    assert len(lines) >= 3
    for line in lines:
        assert len(line) <= 1024
        assert json.loads(line)["level"]
        assert server.token.encode() not in line
