"""The line of a runner to its server, against a server that behaves as it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from zaffre_sdk.connections import BrokenError
from zaffre_sdk.runner.files import FileUploader
from zaffre_sdk.runner.link import Link, RefusedError, Request, StoppedError
from zaffre_sdk.runner.order import Order
from zaffre_sdk.runner.pump import LogPump


class Answers(ThreadingHTTPServer):
    """Answers with what `script` says, then with 200; remembers what was sent.

    A status of 0 breaks the connection without an answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, str]] = []
        self.seen: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answers

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append((self.command, self.path, body))
        status, code = self.server.script.pop(0) if self.server.script else (200, "")
        if status == 0:
            self.close_connection = True
            return
        answer = b'{"value": []}'
        self.send_response(status)
        self.send_header("x-ms-error-code", code)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = handle_any  # noqa: N815 (the names that http.server calls)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Answers]:
    with Answers() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def order(url: str, folder: Path) -> Order:
    return Order(
        workspace_id="w",
        run_id="r",
        attempt=1,
        token="t",  # noqa: S106
        server_url=url,
        server_file=str(folder / "server.json"),
        python="python",
    )


@pytest.fixture
def link(server: Answers, tmp_path: Path) -> Iterator[Link]:
    link = Link(order(server.url, tmp_path))
    yield link
    link.close()


GET = Request("GET", "/thing")


def test_a_request_is_repeated_until_it_is_answered(server: Answers, link: Link):
    server.script = [(503, ""), (0, ""), (500, ""), (429, "")]
    assert link.send(GET) == b'{"value": []}'
    assert len(server.seen) == 5


def test_a_server_that_moved_is_found(server: Answers, tmp_path: Path):
    (tmp_path / "server.json").write_text(json.dumps({"url": server.url}))
    link = Link(order("http://127.0.0.1:1", tmp_path))
    link.send(GET)
    assert link.url == server.url
    link.close()


def test_a_refusal_is_final(server: Answers, link: Link):
    server.script = [(409, "LogGap")]
    with pytest.raises(RefusedError) as caught:
        link.send(GET)
    assert (caught.value.status, caught.value.code) == (409, "LogGap")
    assert not link.stopped.is_set()


@pytest.mark.parametrize(
    ("status", "code"), [(401, ""), (410, ""), (409, "StaleAttempt"), (404, "RunNotFound")]
)
def test_r12_a_run_that_was_taken_away_stops_everything(
    server: Answers, link: Link, status: int, code: str
):
    server.script = [(status, code)]
    for _ in range(2):
        with pytest.raises(StoppedError):
            link.send(GET)
    assert len(server.seen) == 1


def test_a_request_that_is_tried_once_gives_up(server: Answers, link: Link):
    server.script = [(0, "")]
    with pytest.raises(BrokenError):
        link.send(Request("GET", "/thing", once=True))


def test_r38_a_log_arrives_in_order_over_an_outage(server: Answers, link: Link, tmp_path: Path):
    server.script = [(200, ""), (0, ""), (503, "")]
    file = tmp_path / "log.txt"
    pump = LogPump(link, order(server.url, tmp_path), log_path="log.txt", file=file)
    for number in range(1000):
        pump.write(b"%d\n" % number)
    pump.finish()
    arrived = bytearray()
    for _, path, body in server.seen:
        offset = int(path.partition("offset=")[2])
        assert offset <= len(arrived)
        arrived[offset:] = body
    assert bytes(arrived) == file.read_bytes()
    assert pump.tail().splitlines()[-1] == "999"


def test_files_are_uploaded_once_unless_they_change(server: Answers, link: Link, tmp_path: Path):
    work = tmp_path / "work"
    (work / "outputs").mkdir(parents=True)
    (work / "outputs/a b.txt").write_text("one")
    (work / "elsewhere.txt").write_text("not an output")
    (work / "outputs/inside").symlink_to(work / "elsewhere.txt")
    (work / "outputs/outside").symlink_to("/etc/passwd")
    (work / "outputs/dangling").symlink_to("nowhere")
    uploader = FileUploader(link, order(server.url, tmp_path), work)
    assert uploader.finish() == []
    assert uploader.finish() == []
    (work / "outputs/a b.txt").write_text("changed")
    uploader.finish()
    root = "/api/v1/workspaces/w/runs/r/artifacts/outputs"
    assert server.seen == [
        ("PUT", f"{root}/a%20b.txt", b"one"),
        ("PUT", f"{root}/inside", b"not an output"),
        ("PUT", f"{root}/a%20b.txt", b"changed"),
    ]


def test_a_refused_file_is_named(server: Answers, link: Link, tmp_path: Path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/x.log").write_text("x")
    server.script = [(413, "BlobTooLarge")]
    lines = FileUploader(link, order(server.url, tmp_path), tmp_path).finish()
    assert len(lines) == 1
    assert "`logs/x.log`" in lines[0]
