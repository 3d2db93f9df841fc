"""A server from `zaffre up` to `zaffre down`, as programs and people meet it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

START_SECONDS = 20


class Zaffre:
    """The command line on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ZAFFRE_", "AZUREML_"))}
        self.environ = {**kept, "ZAFFRE_HOME": str(home)}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "zaffre", *arguments]

    def __call__(self, *arguments: str, status: int = 0, **variables: str) -> str:
        done = subprocess.run(
            self.command(*arguments),
            env={**self.environ, **variables},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def info(self):
        return json.loads((self.home / "server.json").read_text())

    @property
    def token(self) -> str:
        return (self.home / "token").read_text()

    def get(
        self, path: str, *, token: bool = True, body: bytes | None = None
    ) -> tuple[int, bytes]:
        request = urllib.request.Request(self.info["url"] + path, body)  # noqa: S310 (our own server)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (as above)
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def processes(self) -> list[psutil.Process]:
        """Return the processes that name this home."""
        found = []
        for process in psutil.process_iter():
            try:
                command = process.cmdline()
                if process.status() != psutil.STATUS_ZOMBIE and any(
                    str(self.home) in word for word in command
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def homes(tmp_path) -> Iterator[Callable[[str], Zaffre]]:
    made: list[Zaffre] = []

    def make(name: str) -> Zaffre:
        made.append(Zaffre(tmp_path / name))
        return made[-1]

    yield make
    for zaffre in made:
        zaffre("down")
        assert zaffre.processes() == []


@pytest.fixture
def zaffre(homes) -> Zaffre:
    return homes("home")


def until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_up_status_down(zaffre):
    zaffre("status", status=3)
    assert json.loads(zaffre("status", "-o", "json", status=3))["running"] is False
    told = zaffre("up", "--port", "0")
    url = zaffre.info["url"]
    assert url in told
    assert str(zaffre.home) in told
    assert "zaffre down" in told
    facts = json.loads(zaffre("status", "-o", "json"))
    assert facts["url"] == url
    assert facts["pid"] == zaffre.info["pid"]
    assert facts["active_runs"] == 0
    assert url in zaffre("status")
    assert f"A server runs already at {url}" in zaffre("up", "--port", "0")
    assert "Stopped the server" in zaffre("down")
    assert not (zaffre.home / "server.json").exists()
    assert zaffre.processes() == []
    assert "No server runs" in zaffre("down")
    zaffre("status", status=3)


def test_a23_health_is_public_and_nothing_else(zaffre):
    zaffre("up", "--port", "0")
    assert zaffre.get("/healthz", token=False)[0] == 200
    assert zaffre.get("/readyz", token=False)[0] == 200
    for path in ("/api/v1/server", "/openapi.json", "/openapi", "/", "/metrics", "/docs"):
        assert zaffre.get(path, token=False)[0] == 401
    status, body = zaffre.get("/api/v1/server")
    assert status == 200
    assert json.loads(body)["home"] == str(zaffre.home)
    status, body = zaffre.get("/openapi.json")
    assert status == 200
    assert "/api/v1/server" in json.loads(body)["paths"]


def test_a48_the_home_is_private(zaffre):
    os.umask(os.umask(0))
    zaffre("up", "--port", "0")
    assert zaffre.home.stat().st_mode & 0o777 == 0o700
    for name in ("token", "server.json", "data/zaffre.db"):
        assert (zaffre.home / name).stat().st_mode & 0o077 == 0
    assert len(zaffre.token) >= 43


def test_two_homes_are_two_servers(homes):
    first, second = homes("first"), homes("second")
    first("up", "--port", "0")
    second("up", "--port", "0")
    assert first.info["url"] != second.info["url"]
    assert first.token != second.token
    first("down")
    assert second.get("/api/v1/server")[0] == 200


def test_eight_starters_start_one_server(zaffre):
    starters = [zaffre.start("up", "--port", "0") for _ in range(8)]
    told = [starter.communicate(timeout=120) for starter in starters]
    assert [starter.returncode for starter in starters] == [0] * 8, told
    url = zaffre.info["url"]
    assert all(url in output for output, _ in told)
    servers = [p for p in zaffre.processes() if "--foreground" in p.cmdline()]
    assert [process.pid for process in servers] == [zaffre.info["pid"]]


def test_r22_one_home_has_one_server(zaffre):
    zaffre("up", "--port", "0")
    told = zaffre("up", "--foreground", "--port", "0", status=1)
    assert "Another server runs in" in told
    assert zaffre.get("/api/v1/server")[0] == 200


def test_a_port_that_is_taken_is_said(zaffre):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = zaffre("up", "--port", str(port), status=1)
    assert f"Port {port} of 127.0.0.1 is taken" in told


def test_options_come_from_variables_too(zaffre):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    zaffre("up", ZAFFRE_PORT=str(port))
    assert zaffre.info["url"] == f"http://127.0.0.1:{port}"


def test_d1_leaving_loopback_takes_a_proxy(zaffre):
    told = zaffre("up", "--foreground", "--host", "0.0.0.0", "--port", "0", status=1)  # noqa: S104
    assert "--behind-proxy" in told
    told = zaffre("up", "--host", "0.0.0.0", "--port", "0", "--behind-proxy")  # noqa: S104
    assert zaffre.info["url"].startswith("http://127.0.0.1:")


def test_r01_after_kill_it_starts_again_with_its_data(zaffre):
    zaffre("up", "--port", "0")
    first = zaffre.info
    body = json.dumps({"name": "w", "subscription_id": "s", "resource_group": "g"}).encode()
    assert zaffre.get("/api/v1/workspaces", body=body)[0] == 201
    process = psutil.Process(first["pid"])
    process.kill()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    zaffre("status", status=3)
    zaffre("up", "--port", "0")
    assert zaffre.info["instance"] != first["instance"]
    assert b'"name":"w"' in zaffre.get("/api/v1/workspaces")[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_r31_a_signal_ends_it_in_order(zaffre, number):
    server = zaffre.start("up", "--foreground", "--port", "0")
    until((zaffre.home / "server.json").exists)
    server.send_signal(number)
    output, errors = server.communicate(timeout=30)
    assert server.returncode == 0, output + errors
    assert not (zaffre.home / "server.json").exists()
    assert all(json.loads(line) for line in errors.splitlines())


def test_starts_and_idles_small(zaffre):
    started = time.monotonic()
    zaffre("up", "--port", "0")
    seconds = time.monotonic() - started
    rss = psutil.Process(zaffre.info["pid"]).memory_info().rss
    assert rss < 150 * 1024 * 1024
    # Two seconds on a quiet machine; tests run on busy ones.
    assert seconds < 10


def test_c123_an_unknown_option_is_refused_with_a_suggestion(zaffre):
    told = zaffre("up", "--prot", "0", status=2)
    assert "--port" in told


def test_doctor(zaffre):
    assert "[ok  ] python" in zaffre("doctor")
    findings = json.loads(zaffre("doctor", "-o", "json"))
    assert {finding["name"] for finding in findings} >= {"python", "sqlite", "home", "disk", "uv"}
    zaffre("up", "--port", "0")
    assert zaffre.info["url"] in zaffre("doctor")
    zaffre.home.chmod(0o755)
    told = zaffre("doctor", status=1)
    assert "chmod go-rwx" in told
    zaffre.home.chmod(0o700)


def test_version(zaffre):
    assert zaffre("--version").startswith("zaffre, version ")
