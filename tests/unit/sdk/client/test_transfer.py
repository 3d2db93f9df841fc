"""Files both ways: whole or not at all, in constant memory."""

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import textwrap

import pytest
from scripted import Reply, refusal, reply, scripted
from zaffre_sdk import errors
from zaffre_sdk.client import Transport, WorkspaceClient
from zaffre_sdk.client.transfer import Upload
from zaffre_sdk.home import Home


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Store:
    """Blobs, snapshots and artifacts, as the native API has them."""

    def __init__(self):
        self.blobs = {}
        self.received = 0

    def __call__(self, asked):
        path = asked.path.removeprefix("/api/v1/workspaces/w/")
        if asked.method == "PUT":
            self.received += len(asked.body)
            found = digest(asked.body)
            if path.startswith("blobs/") and path != f"blobs/{found}":
                return refusal(422, "DigestMismatch")
            self.blobs[found] = asked.body
            about = {"path": path, "digest": found, "size": len(asked.body), "created_at": 1.0}
            return reply(about, 201)
        if path == "blobs/missing":
            asked_for = json.loads(asked.body)["digests"]
            return reply({"missing": [d for d in asked_for if d not in self.blobs]})
        if path == "snapshots":
            return reply({"id": "s", "created_at": 1.0, **json.loads(asked.body)}, 201)
        return reply({})


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


def workspace_of(server):
    return WorkspaceClient(Transport(server.url, "t"), "w")


@pytest.mark.parametrize("kind", ["path", "bytes", "file"])
def test_artifacts_are_sent_from_anything(tmp_path, kind):
    data = bytes(range(256)) * 5000
    path = tmp_path / "data"
    path.write_bytes(b"skip" + data if kind == "file" else data)
    with scripted(Store()) as server, path.open("rb") as file:
        file.seek(4)
        source = {"path": path, "bytes": data, "file": file}[kind]
        stored = workspace_of(server).artifacts.upload("r", "outputs/a b.bin", source)
        assert stored.digest == digest(data)
        assert server.asked[0].path.endswith("/runs/r/artifacts/outputs/a%20b.bin")


def test_uploads_begin_anew_when_they_break():
    store = Store()
    broken = iter([True, True])
    with scripted(
        lambda asked: Reply(cut=True) if next(broken, False) else store(asked)
    ) as server:
        stored = workspace_of(server).artifacts.upload("r", "a", io.BytesIO(b"x" * 100_000))
        assert stored.digest == digest(b"x" * 100_000)
        assert [len(asked.body) for asked in server.asked] == [100_000] * 3


def test_many_files_are_sent_at_once():
    with scripted(Store()) as server:
        sources = {f"outputs/{number}": str(number).encode() for number in range(50)}
        stored = workspace_of(server).artifacts.upload_many("r", sources)
        assert [artifact.digest for artifact in stored] == [digest(d) for d in sources.values()]


def test_c68_a_file_that_changes_during_upload_is_said(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10)
    upload = Upload(path)
    path.write_bytes(b"x" * 5)
    pieces = iter(upload.pieces())
    assert next(pieces) == b"xxxxx"
    with pytest.raises(errors.ChangedWhileReadingError, match="log` changed while reading"):
        next(pieces)
    path.write_bytes(b"x" * 11)
    with pytest.raises(errors.ChangedWhileReadingError):
        upload.check()


@pytest.mark.parametrize("is_seen", [True, False], ids=["by its time", "within a tick"])
def test_c68_a_file_that_changes_and_keeps_its_size_is_not_sent_whole(tmp_path, is_seen):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a" * 600_000)
    if is_seen:
        os.utime(path, (1, 1))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    upload = Upload(path)
    pieces = iter(upload.pieces())
    sent = [next(pieces)]
    path.write_bytes(b"b" * 600_000)
    if not is_seen:
        os.utime(path, ns=times)
    with pytest.raises(errors.ChangedWhileReadingError, match=r"table\.csv` changed while"):
        sent.extend(pieces)
    assert len(b"".join(sent)) < upload.size


def test_c69_a_digest_that_does_not_fit_is_said(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"new")
    with (
        scripted(Store()) as server,
        pytest.raises(errors.ChangedWhileReadingError, match=r"a\.py"),
    ):
        workspace_of(server).blobs.upload(digest(b"old"), path)


def test_unchanged_snapshots_are_not_sent_again(tmp_path, home):
    assert home.root
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a.py").write_text("a" * 1000)
    (folder / "same.py").write_text("a" * 1000)
    (folder / "b.py").write_text("b")
    store = Store()
    with scripted(store) as server:
        snapshots = workspace_of(server).snapshots
        first = snapshots.create(folder)
        assert [file.path for file in first.files] == ["a.py", "b.py", "same.py"]
        assert store.received == 1001
        snapshots.create(folder)
        assert store.received == 1001
        (folder / "b.py").write_text("bb")
        snapshots.create(folder, extra={"c.py": b"c", "a.py": b"A"})
        assert store.received == 1001 + 2 + 1 + 1


def test_c64_nothing_is_sent_of_a_folder_that_is_refused(tmp_path, home):
    assert home.root
    with scripted(Store()) as server:
        with pytest.raises(errors.SourceError):
            workspace_of(server).snapshots.create(tmp_path / "nowhere")
        assert server.asked == []


def test_downloads_are_checked_and_renamed(tmp_path):
    data = b"data" * 100_000
    with scripted(lambda _: Reply(200, data, {"x-zaffre-digest": digest(data)})) as server:
        artifacts = workspace_of(server).artifacts
        target = artifacts.download("r", "outputs/m.pkl", tmp_path / "deep" / "m.pkl")
        assert target.read_bytes() == data
        assert [path.name for path in target.parent.iterdir()] == ["m.pkl"]


def test_c70_existing_files_stay_unless_told_otherwise(tmp_path):
    target = tmp_path / "m.pkl"
    target.write_bytes(b"old")
    with scripted(lambda _: Reply(200, b"new")) as server:
        artifacts = workspace_of(server).artifacts
        with pytest.raises(FileExistsError, match="overwrite=True"):
            artifacts.download("r", "m.pkl", target)
        with pytest.raises(IsADirectoryError, match="is a folder"):
            artifacts.download("r", "m.pkl", tmp_path)
        assert target.read_bytes() == b"old"
        artifacts.download("r", "m.pkl", target, overwrite=True)
        assert target.read_bytes() == b"new"


def test_c71_a_wrong_digest_leaves_nothing(tmp_path):
    with scripted(lambda _: Reply(200, b"bad", {"x-zaffre-digest": digest(b"good")})) as server:
        with pytest.raises(errors.TransferError, match="instead of"):
            workspace_of(server).artifacts.download("r", "m", tmp_path / "m")
        assert list(tmp_path.iterdir()) == []


def test_c72_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.open", lambda path, *_: path.touch() or Full())
    with scripted(lambda _: Reply(200, b"data")) as server:
        with pytest.raises(OSError, match="No space left"):
            workspace_of(server).artifacts.download("r", "m", tmp_path / "m")
        assert list(tmp_path.iterdir()) == []
        assert len(server.asked) == 1


def test_downloads_begin_anew_when_they_break(tmp_path):
    data = b"data" * 1000
    half = Reply(200, data[:100], {"content_length": str(len(data))})
    answers = iter([half, half])
    with scripted(lambda _: next(answers, Reply(200, data))) as server:
        target = workspace_of(server).artifacts.download("r", "m", tmp_path / "m")
        assert target.read_bytes() == data
        assert len(server.asked) == 3


def files_server(files):
    listed = [
        {"path": path, "digest": digest(data), "size": len(data), "executable": path == "run.sh"}
        for path, data in files.items()
    ]

    def answer(asked):
        name = asked.path.partition("/files/")[2]
        if name:
            return Reply(200, files[name])
        return reply({"id": "s", "created_at": 1.0, "files": listed})

    return answer


def test_snapshots_are_written_with_their_modes(tmp_path):
    files = {"a.py": b"a", "pkg/b.py": b"b", "run.sh": b"c", "empty": b""}
    with scripted(files_server(files)) as server:
        workspace_of(server).snapshots.download("s", tmp_path / "work")
    found = {
        path.relative_to(tmp_path / "work").as_posix(): path.read_bytes()
        for path in (tmp_path / "work").rglob("*")
        if path.is_file()
    }
    assert found == files
    assert (tmp_path / "work" / "run.sh").stat().st_mode & 0o100
    assert not (tmp_path / "work" / "a.py").stat().st_mode & 0o100


def test_a12_snapshots_that_leave_their_folder_write_nothing(tmp_path):
    with scripted(files_server({"a.py": b"a", "../evil": b"b"})) as server:
        with pytest.raises(errors.UnsafePathError):
            workspace_of(server).snapshots.download("s", tmp_path / "work")
        assert list((tmp_path / "work").iterdir()) == []
        assert not (tmp_path / "evil").exists()


def test_a46_a_snapshot_whose_bytes_changed_is_refused(tmp_path):
    answer = files_server({"a.py": b"a"})
    with (
        scripted(
            lambda asked: Reply(200, b"evil") if "/files/" in asked.path else answer(asked)
        ) as server,
        pytest.raises(errors.TransferError),
    ):
        workspace_of(server).snapshots.download("s", tmp_path / "work")


def test_large_uploads_take_constant_memory(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    program = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from zaffre_sdk.client import Transport, WorkspaceClient
        artifacts = WorkspaceClient(Transport(sys.argv[1], "t"), "w").artifacts
        artifacts.upload("r", "warm", b"x")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        artifacts.upload("r", "large", Path(sys.argv[2]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    with scripted(Store()) as server:
        command = [sys.executable, "-c", program, server.url, str(path)]
        grown = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout
    assert int(grown) < 16 * 1024
