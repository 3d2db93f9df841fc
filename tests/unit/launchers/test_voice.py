"""What pods say to a server, which answers as it is told."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from live import until
from zaffre.adapters.launchers.elsewhere.agent import voice
from zaffre.adapters.launchers.elsewhere.agent.place import FailedError
from zaffre.adapters.launchers.elsewhere.agent.voice import Link, OverError, Voice

PATH = "/api/v1/workspaces/w/runs/exp_1"


@dataclass
class Server:
    """Answers in order; the last one again and again."""

    answers: list[tuple[int, str, Any]] = field(default_factory=lambda: [(200, "", {})])
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    cut: bool = False
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(voice, "_PAUSE", 0.01)
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            told.asked.append((self.command, self.path.removeprefix(PATH), body))
            status, code, answer = told.answers[0]
            if len(told.answers) > 1:
                told.answers.pop(0)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("x-ms-error-code", code)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:3] if told.cut else data)
            told.cut = False

        do_POST = do_PUT = do_GET  # noqa: N815 (the names of the base class)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{http.server_port}"
        yield told
        http.shutdown()


def link(url: str) -> Link:
    order = {"server_url": url, "token": "t", "attempt": 2, "workspace_id": "w", "run_id": "exp_1"}
    return Link(order)


def test_a_server_that_is_away_is_asked_again(server: Server):
    server.answers = [(503, "", {}), (429, "", {}), (200, "", {"cancel": False})]
    link(server.url).beat()
    assert [path for _, path, _ in server.asked] == ["/attempt/beat"] * 3
    assert json.loads(server.asked[0][2]) == {"attempt": 2, "state": "Starting"}


@pytest.mark.parametrize(
    "answer",
    [(409, "StaleAttempt", {}), (401, "", {}), (410, "", {}), (200, "", {"cancel": True})],
)
def test_a_pod_that_nobody_wants_any_more_ends(server: Server, answer: tuple[int, str, Any]):
    server.answers = [answer]
    with pytest.raises(OverError):
        link(server.url).beat()


def test_a_server_that_refuses_or_is_not_there_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    server.answers = [(403, "HostNotAllowed", {"error": "not known as zaffre"})]
    with pytest.raises(FailedError, match=r"403 HostNotAllowed.*not known as zaffre"):
        link(server.url).beat()
    monkeypatch.setattr(voice, "_FIRST_PATIENCE", 0.0)
    with pytest.raises(FailedError, match=r"cannot reach the server at http://127\.0\.0\.1:1: "):
        link("http://127.0.0.1:1").beat()


def test_a_file_that_breaks_off_begins_anew(server: Server):
    server.answers = [(200, "", b"0123456789")]
    server.cut = True
    taken: dict[int, bytes] = {}
    link(server.url).fetch("d1", taken.__setitem__)
    assert taken == {0: b"0123456789"}
    assert len(server.asked) == 2


def test_lines_continue_the_log_and_a_cancel_is_heard(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(voice, "_BEAT_SECONDS", 0.01)
    logs = {"value": [{"path": "azureml-logs/20_image_build_log.txt", "size": 7}]}
    server.answers = [(200, "", logs), (200, "", {"size": 12}), (200, "", {"cancel": True})]
    over = threading.Event()
    told = Voice(link(server.url))
    told.say("line")
    told.start(over.set)
    until(over.is_set)
    told.stop()
    sent = [(method, path) for method, path, _ in server.asked]
    assert sent[1] == ("PUT", "/logs/azureml-logs/20_image_build_log.txt?offset=7")
    assert server.asked[1][2] == b"line\n"
    assert "line\n" in capsys.readouterr().out
