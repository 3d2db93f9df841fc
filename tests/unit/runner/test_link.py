"""The line of a runner to its server, against a server that behaves as it is told."""

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import pytest
from zaffre_sdk.connections import BrokenError
from zaffre_sdk.home import Home
from zaffre_sdk.metrics.batches import encode_batches
from zaffre_sdk.metrics.spool import Spool
from zaffre_sdk.runner.beats import Heart
from zaffre_sdk.runner.files import FileUploader
from zaffre_sdk.runner.link import Link, RefusedError, Request, StoppedError, Upload
from zaffre_sdk.runner.metrics import replay_metrics
from zaffre_sdk.runner.order import Order
from zaffre_sdk.runner.pump import LogPump
from zaffre_sdk.runner.snapshot import SnapshotError, download_snapshot


class Answers(ThreadingHTTPServer):
    """Answers with what `script` says, then with 200; remembers what was sent.

    A status of 0 breaks the connection without an answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, str]] = []
        self.seen: list[tuple[str, str, bytes]] = []
        self.body = b'{"value": []}'

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
        answer = self.server.body
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


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


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


def test_a_server_that_fails_again_and_again_refuses(
    server: Answers, link: Link, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("zaffre_sdk.runner.link._LONGEST_PAUSE", 0.0)
    server.script = [(500, "")] * 200
    with pytest.raises(RefusedError, match="500"):
        link.send(GET)
    assert len(server.seen) == 100


def test_another_server_at_the_port_does_not_end_the_run(server: Answers, tmp_path: Path):
    home = Home(tmp_path)
    home.server_lock_path.touch()
    link = Link(order(server.url, tmp_path))
    server.script = [(401, ""), (404, "RunNotFound"), (400, "")]
    assert link.send(GET)
    assert not link.stopped.is_set()
    lock = home.hold_server_lock()
    assert lock is not None
    server.script = [(401, "")]
    with pytest.raises(StoppedError):
        link.send(GET)
    lock.release()
    link.close()


def test_a_file_that_cannot_be_read_is_no_outage(link: Link):
    def unreadable(_size: int) -> bytes:
        raise OSError("input/output error")

    for read, code in ((unreadable, "FileUnreadable"), (lambda _: b"", "FileChanged")):
        closed: list[bool] = []
        upload = Upload(5, read, lambda: closed.append(True))  # noqa: B023 (called in this round)
        with pytest.raises(RefusedError) as caught:
            link.send(Request("PUT", "/file", lambda: upload))  # noqa: B023
        assert caught.value.code == code
        assert closed == [True]
    assert link.send(GET)


def test_a_beat_that_is_refused_is_not_the_last(server: Answers, link: Link, tmp_path: Path):
    server.script = [(409, "InvalidTransition"), (400, "")]
    heart = Heart(link, order(server.url, tmp_path), seconds=0.01)
    heart.start()
    until(lambda: len(server.seen) > 3)
    heart.stop()


def test_a_log_outlives_a_full_disk_there(server: Answers, link: Link, tmp_path: Path):
    server.script = [(507, "StorageFull"), (507, "StorageFull")]
    pump = LogPump(link, order(server.url, tmp_path), log_path="l", file=tmp_path / "l")
    pump.write(b"all of it")
    pump.finish()
    assert [body for _, _, body in server.seen] == [b"all of it"] * 3


def test_a_log_that_is_refused_is_given_up(server: Answers, link: Link, tmp_path: Path):
    server.script = [(400, "InvalidPath"), (409, "LogGap")]
    pump = LogPump(link, order(server.url, tmp_path), log_path="l", file=tmp_path / "l")
    pump.write(b"x" * (1 << 20))
    pump.finish()
    assert len(server.seen) == 1


def test_a_full_disk_here_does_not_hold_the_process_up(
    server: Answers, link: Link, tmp_path: Path
):
    class Full:
        room = 3

        def __init__(self, file: IO[bytes]) -> None:
            self.file = file
            self.close = file.close

        def write(self, data: bytes) -> int:
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            count = self.file.write(data[: self.room])
            self.room -= count
            return count

    pump = LogPump(link, order(server.url, tmp_path), log_path="l", file=tmp_path / "l")
    disk = Full(pump._file)
    pump._file = disk
    pump.write(b"12345")
    pump.write(b"678")
    disk.room = 1000
    pump.write(b"9\n")
    pump.finish()
    log = (tmp_path / "l").read_bytes()
    assert log.startswith(b"123\n[")
    assert log.endswith(
        b" bytes of the log are missing here: there was no room on the disk.]\n9\n"
    )
    sent = {int(path.partition("=")[2]): body for _, path, body in server.seen}
    assert b"".join(sent[offset] for offset in sorted(sent)) == log


def test_a_name_that_is_no_text_fails_no_run(server: Answers, link: Link, tmp_path: Path):
    (tmp_path / "outputs").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/outputs/a\xff")).touch()
    (tmp_path / "outputs/b").touch()
    [line] = FileUploader(link, order(server.url, tmp_path), tmp_path).finish()
    assert "could not be uploaded" in line
    assert [path.rpartition("/")[2] for _, path, _ in server.seen] == ["b"]


def test_a_large_file_is_sent_once_it_is_left_alone(server: Answers, link: Link, tmp_path: Path):
    (tmp_path / "outputs").mkdir()
    model = tmp_path / "outputs/model"
    uploader = FileUploader(link, order(server.url, tmp_path), tmp_path)
    for size in (2, 3, 4):
        model.write_bytes(bytes(size << 20))
        uploader._upload_changed(uploader._is_settled)
    assert server.seen == []
    uploader._upload_changed(uploader._is_settled)
    uploader._upload_changed(uploader._is_settled)
    assert [len(body) for _, _, body in server.seen] == [4 << 20]


def test_outputs_that_lead_elsewhere_are_left_alone(server: Answers, link: Link, tmp_path: Path):
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").touch()
    (work / "outputs").symlink_to(tmp_path / "secret")
    assert FileUploader(link, order(server.url, tmp_path), work).finish() == []
    assert server.seen == []


def test_metrics_that_find_no_room_fail_no_run(server: Answers, link: Link, tmp_path: Path):
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.append(encode_batches("w", 1, [("a", "scalar", 1, None, 1.0)]))
    spool.close()
    server.script = [(507, "StorageFull")]
    [line] = replay_metrics(link, order(server.url, tmp_path), tmp_path)
    assert "they stay in" in line
    assert replay_metrics(link, order(server.url, tmp_path), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_source_folder_that_cannot_be_written_fails_the_run(
    server: Answers, link: Link, tmp_path: Path
):
    (tmp_path / "a").touch()
    server.body = (
        b'{"id": "s", "digest": "0", "created_at": 1.0, "size": 1,'
        b' "files": [{"path": "a/b", "digest": "0", "size": 1}]}'
    )
    with pytest.raises(SnapshotError, match="cannot be written"):
        download_snapshot(link, order(server.url, tmp_path), "s", tmp_path)
