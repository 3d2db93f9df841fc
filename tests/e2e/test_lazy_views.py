"""Far files as a folder: only what is read is fetched, and the view ends with its program."""

import contextlib
import hashlib
import mmap
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from live import LiveServer, until
from scripted import Asked, Reply, scripted
from zaffre_sdk.client.client import Client, WorkspaceClient
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.data import fusing
from zaffre_sdk.data.fusing import MountError, Shown
from zaffre_sdk.data.lazy import BLOCK_BYTES
from zaffre_sdk.wire.datastores import DataFile

SPACE = {"name": "ws", "subscription_id": "s", "resource_group": "g", "exist_ok": True}
STORE = "workspaceblobstore"
LARGE = 9 * BLOCK_BYTES + 12_345
PROGRAM = """
import sys, time
from pathlib import Path
from zaffre_sdk.client.client import Client
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.data.fusing import Shown, mount
url, token, workspace, folder = sys.argv[1:]
client = Client(Transport(url, token)).workspace(workspace)
store = "workspaceblobstore"
files = {file.path: Shown(store, file) for file in client.datastores.files(store)}
mount(client, files, Path(folder))
print("shown", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("views") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> WorkspaceClient:
    token = (server.home / "token").read_text().strip()
    workspace = server.json("POST", "/workspaces", SPACE)["id"]
    return Client(Transport(server.url, token)).workspace(workspace)


@pytest.fixture(scope="module")
def contents(client: WorkspaceClient) -> dict[str, bytes]:
    noise = random.Random(1)  # noqa: S311 - the same each time
    contents = {
        "large.bin": noise.randbytes(LARGE),
        "deep/er/small.txt": b"hello\n",
        "deep/empty": b"",
        "grün und weiß.csv": b"a,b\n1,2\n",
    }
    for path, data in contents.items():
        client.datastores.upload(STORE, path, data)
    return contents


@pytest.fixture
def view(client: WorkspaceClient, contents: dict[str, bytes], tmp_path: Path) -> Iterator[Path]:
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    folder = tmp_path / "view"
    folder.mkdir()
    files = {file.path: Shown(STORE, file) for file in client.datastores.files(STORE)}
    assert files.keys() == contents.keys()
    fusing.mount(client, files, folder)
    try:
        yield folder
    finally:
        assert fusing.unmount(folder)
        assert not folder.is_mount()
        assert list(folder.iterdir()) == []


def test_files_are_as_they_are_far_away(view: Path, contents: dict[str, bytes]):
    found = {p.relative_to(view).as_posix(): p for p in view.rglob("*") if p.is_file()}
    assert found.keys() == contents.keys()
    for path, data in contents.items():
        assert found[path].stat().st_size == len(data)
        assert hashlib.sha256(found[path].read_bytes()).digest() == hashlib.sha256(data).digest()
    assert sorted(path.name for path in (view / "deep").iterdir()) == ["empty", "er"]


def test_any_part_can_be_read_in_any_order(view: Path, contents: dict[str, bytes]):
    data = contents["large.bin"]
    chance = random.Random(2)  # noqa: S311 - the same each time
    with (view / "large.bin").open("rb") as file:
        for _ in range(50):
            start = chance.randrange(LARGE)
            file.seek(start)
            assert file.read(70_000) == data[start : start + 70_000]
        file.seek(LARGE)
        assert file.read(1) == b""


def test_mapped_memory_does_not_stop_the_program(view: Path, contents: dict[str, bytes]):
    with (
        (view / "large.bin").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        assert (
            mapped[BLOCK_BYTES - 10 : BLOCK_BYTES + 10]
            == (contents["large.bin"][BLOCK_BYTES - 10 : BLOCK_BYTES + 10])
        )
        assert mapped[-1:] == contents["large.bin"][-1:]


def test_nothing_can_be_written(view: Path):
    with pytest.raises(OSError, match="Read-only"):
        (view / "new.txt").write_text("x")
    with pytest.raises(OSError, match="Read-only"):
        (view / "deep/er/small.txt").open("a")
    with pytest.raises(OSError, match="Read-only"):
        (view / "large.bin").unlink()
    with pytest.raises(FileNotFoundError):
        (view / "nowhere").read_bytes()


def test_a_file_that_changed_is_an_error_and_never_a_mixture(
    client: WorkspaceClient, tmp_path: Path
):
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    client.datastores.upload(STORE, "changing.bin", b"1" * (2 * BLOCK_BYTES))
    try:
        found = list(client.datastores.files(STORE, prefix="changing.bin"))
        folder = tmp_path / "view"
        folder.mkdir()
        fusing.mount(client, {file.path: Shown(STORE, file) for file in found}, folder)
        try:
            client.datastores.upload(
                STORE, "changing.bin", b"2" * (2 * BLOCK_BYTES), overwrite=True
            )
            with pytest.raises(OSError, match="Input/output"):
                (folder / "changing.bin").read_bytes()
        finally:
            fusing.unmount(folder)
    finally:
        client.datastores.remove(STORE, "changing.bin")


def test_a_view_ends_with_its_program_however_that_ends(
    client: WorkspaceClient, contents: dict[str, bytes], tmp_path: Path
):
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    folder = tmp_path / "view"
    folder.mkdir()
    arguments = [client.transport.url, client.transport.token, client.id, str(folder)]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"shown\n"
        assert (folder / "deep/er/small.txt").read_bytes() == contents["deep/er/small.txt"]
        program.kill()
    until(lambda: not folder.is_mount())
    assert list(folder.iterdir()) == []


def test_a_killed_view_is_taken_down(view: Path):
    for process in psutil.Process().children():
        # Of children that other tests left to be waited for, nothing can be read any more.
        with contextlib.suppress(psutil.ZombieProcess):
            if "zaffre_sdk.data.lazy" in process.cmdline():
                process.kill()
                process.wait()
    with pytest.raises(OSError, match="not connected"):
        list(view.iterdir())


def test_a_view_ends_by_any_folder_in_it(
    client: WorkspaceClient, contents: dict[str, bytes], tmp_path: Path
):
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    assert "deep/empty" in contents
    found = list(client.datastores.files(STORE, prefix="deep/"))
    fusing.mount(client, {file.path: Shown(STORE, file) for file in found}, tmp_path)
    assert fusing.unmount(tmp_path / "deep")
    assert not tmp_path.is_mount()
    assert not fusing.unmount(tmp_path)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """An empty folder on which somebody else has mounted something."""
    folder = tmp_path / "volume"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_what_others_mounted_on_the_folder_stays(
    client: WorkspaceClient, contents: dict[str, bytes], volume: Path, monkeypatch
):
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    files = {file.path: Shown(STORE, file) for file in client.datastores.files(STORE)}
    fusing.mount(client, files, volume)
    small = "deep/er/small.txt"
    assert (volume / small).read_bytes() == contents[small]
    assert fusing.unmount(volume)
    assert volume.is_mount()

    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(MountError, match="ended with 1"):
        fusing.mount(client, files, volume)
    assert volume.is_mount()


def test_a_view_ends_with_its_program_while_a_read_hangs(client: WorkspaceClient, tmp_path: Path):
    reason = fusing.reason_against()
    if reason is not None:
        pytest.skip(f"no FUSE here: {reason}")
    asked, over = threading.Event(), threading.Event()

    def hang(_: Asked) -> Reply:
        asked.set()
        over.wait(60)
        return Reply(503)

    with scripted(hang) as web:
        file = DataFile(path=f"{web.url}/a", size=10, modified_at=1.0, mark='"1"')
        fusing.mount(client, {"a": Shown(None, file)}, tmp_path)
        view = fusing._views[tmp_path].process
        with subprocess.Popen(["cat", str(tmp_path / "a")], stderr=subprocess.DEVNULL) as reader:
            assert asked.wait(30)
            assert view.stdin is not None
            view.stdin.close()
            assert view.wait(30) != 0
            assert reader.wait(30) != 0
        over.set()
    assert not tmp_path.is_mount()
    assert fusing.unmount(tmp_path)


def test_a_folder_in_use_is_refused(client: WorkspaceClient, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(MountError):
        fusing.mount(client, {}, tmp_path)
    assert not fusing.unmount(tmp_path)
