"""Images and documents reach the server although it goes away, and never stop the program."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from zaffre_sdk.errors import InvalidError, ServerUnreachableError, ServiceError
from zaffre_sdk.tracking import leftovers, logged_files
from zaffre_sdk.tracking.leftovers import send_now, spools_of
from zaffre_sdk.tracking.logged_files import FileSender


@dataclass
class Server:
    """Takes files in place of a workspace and its artifacts."""

    id: str = "w"
    away: threading.Event = field(default_factory=threading.Event)
    refused: set[str] = field(default_factory=set)
    stored: dict[str, bytes] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    @property
    def artifacts(self):
        return self

    def upload(self, run_id: str, path: str, data: bytes, **_: object) -> None:
        if self.errors:
            raise self.errors.pop()
        if self.away.is_set():
            raise ServerUnreachableError("away")
        if path in self.refused:
            raise InvalidError("InvalidPath", "no such path", status=400)
        self.stored[f"{run_id}/{path}"] = data


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path))
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    monkeypatch.setattr(logged_files, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(logged_files, "_AWAY_SECONDS", 0.1)
    monkeypatch.setattr(logged_files.atexit, "register", lambda *_: None)
    return tmp_path


def waiting() -> list[str]:
    return sorted(file.name for file in spools_of("w").rglob("*") if file.is_file())


@pytest.mark.usefixtures("home")
def test_files_arrive_and_leave_nothing():
    server, files = Server(), FileSender()
    files.put(server, "r", "a.png", b"a")
    files.put(server, "r", "deep/b.json", b"b")
    assert files.flush(10)
    assert server.stored == {"r/a.png": b"a", "r/deep/b.json": b"b"}
    assert waiting() == []


@pytest.mark.usefixtures("home")
def test_a_server_that_is_away_is_told_once_and_waited_for(capfd):
    server, files = Server(), FileSender()
    server.away.set()
    files.put(server, "r", "a.png", b"a")
    files.put(server, "r", "b.png", b"b")
    assert not files.flush(10)
    assert waiting() == ["a.png", "b.png"]
    server.away.clear()
    assert files.flush(10)
    assert list(server.stored) == ["r/a.png", "r/b.png"]
    assert capfd.readouterr().err.count("zaffre:") == 1


@pytest.mark.usefixtures("home")
def test_what_is_refused_for_good_is_told_and_given_up(capfd):
    server, files = Server(refused={"a.png"}), FileSender()
    files.put(server, "r", "a.png", b"a")
    files.put(server, "r", "b.png", b"b")
    assert files.flush(10)
    assert list(server.stored) == ["r/b.png"]
    assert "refused `a.png` for good" in capfd.readouterr().err
    assert waiting() == []


@pytest.mark.usefixtures("home")
def test_what_another_program_sent_meanwhile_is_done_with():
    server, files = Server(), FileSender()
    server.away.set()
    files.put(server, "r", "a.png", b"a")
    for file in spools_of("w").rglob("*.png"):
        file.unlink()
    server.away.clear()
    assert files.flush(10)
    assert waiting() == []


@pytest.mark.usefixtures("home")
def test_an_answer_that_is_no_refusal_loses_nothing():
    server, files = Server(), FileSender()
    answer = ServiceError("UnexpectedAnswer", "a page of a proxy", status=200)
    server.errors = [answer]
    files.put(server, "r", "a.png", b"a")
    assert files.flush(10)
    assert server.stored == {"r/a.png": b"a"}


def test_a_disk_that_refuses_costs_nothing_while_the_program_lives(home, capfd):
    (home / "spool").write_text("a file where the folder should be")
    server, files = Server(), FileSender()
    files.put(server, "r", "a.png", b"a")
    assert files.flush(10)
    assert server.stored == {"r/a.png": b"a"}
    assert "only in memory" in capfd.readouterr().err


@pytest.mark.usefixtures("home")
def test_what_a_killed_program_left_is_sent(capfd):
    folder = spools_of("w") / "r" / leftovers.FILES_FOLDER / "deep"
    folder.mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png.123.part"):
        (folder / name).write_bytes(b"x")
    server = Server(refused={"deep/b.png"})
    send_now(server)
    assert list(server.stored) == ["r/deep/a.png"]
    assert "refused `deep/b.png`" in capfd.readouterr().err
    assert waiting() == ["c.png.123.part"]
