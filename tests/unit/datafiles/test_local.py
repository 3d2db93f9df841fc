"""Files of datastores on this machine's disk: links, odd things, and what is left behind."""

import asyncio
import errno
import hashlib
import os
import socket
import stat
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from zaffre.adapters.datafiles import choice, folders, parts
from zaffre.adapters.datafiles import local as local_files
from zaffre.adapters.datafiles.choice import ChosenFiles
from zaffre.adapters.datafiles.folders import Folder
from zaffre.adapters.datafiles.local import LocalFiles
from zaffre.domain.datastores import Datastore, DatastoreKind
from zaffre.domain.errors import ConflictError, ForbiddenError, NotFoundError, ZaffreError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("secret")
    return tmp_path / "root"


@pytest.fixture
def files(root: Path) -> LocalFiles:
    return LocalFiles(Folder(root), asyncio.Semaphore(2))


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def write(files: LocalFiles, path: str, data: bytes = b"x", *, overwrite: bool = False):
    return asyncio.run(files.write(path, stream(data), overwrite=overwrite))


def read(files: LocalFiles, path: str) -> bytes:
    async def inside():
        return b"".join([chunk async for chunk in files.read(path)])

    return asyncio.run(inside())


def listed(files: LocalFiles, **how: str) -> list[str]:
    async def inside():
        return [file.path async for file in files.list(**how)]

    return asyncio.run(inside())


def local(workspace: str = "w1", **settings: str) -> Datastore:
    now = datetime.now(UTC)
    return Datastore(
        workspace_id=workspace,
        name="store",
        kind=DatastoreKind.LOCAL,
        settings=settings,
        created_by="alice",
        created_at=now,
        updated_at=now,
    )


class TestLinks:
    @pytest.mark.parametrize(
        "target", ["../secret", "/etc/passwd", "/dev/zero", "../outside/file"]
    )
    def test_a11_a_link_that_leads_out_is_refused(self, files, root, target):
        (root / "link").symlink_to(target)
        for question in (lambda: read(files, "link"), lambda: asyncio.run(files.stat("link"))):
            with pytest.raises(ForbiddenError, match="`link`") as caught:
                question()
            assert caught.value.code == "LinkLeadsOut"
        assert listed(files) == []
        assert listed(files, pattern="link") == []

    def test_a11_a_folder_that_leads_out_is_refused(self, files, root):
        (root / "link").symlink_to("../outside")
        for question in (
            lambda: read(files, "link/file"),
            lambda: write(files, "link/new"),
            lambda: write(files, "link/file", overwrite=True),
            lambda: asyncio.run(files.remove("link/file")),
        ):
            with pytest.raises(ForbiddenError) as caught:
                question()
            assert caught.value.code == "LinkLeadsOut"
        for how in ({}, {"prefix": "link/"}, {"pattern": "link/**"}, {"pattern": "*/file"}):
            assert listed(files, **how) == []
        assert (root.parent / "outside" / "file").read_text() == "secret"
        assert os.listdir(root.parent / "outside") == ["file"]  # noqa: PTH208 (their names)

    def test_a11_what_becomes_a_link_meanwhile_is_not_followed(self, files, root, monkeypatch):
        (root / "a").mkdir()
        (root / "a" / "file").write_text("plain")
        resolve = Folder.resolve

        def slow(folder, path):
            resolved = resolve(folder, path)
            if not (root / "a").is_symlink():
                (root / "a").rename(root / "b")
                (root / "a").symlink_to("../outside")
            return resolved

        monkeypatch.setattr(Folder, "resolve", slow)
        with pytest.raises(NotFoundError):
            read(files, "a/file")

    def test_a11_a_datastore_does_not_begin_behind_a_link_that_leads_out(self, root):
        (root / "link").symlink_to("../outside")
        opened = ChosenFiles(root, {"data": root}).open(local(root="data", folder="link"), {})
        for question in (lambda: read(opened, "file"), lambda: listed(opened)):
            with pytest.raises(ForbiddenError):
                question()
        with pytest.raises(ForbiddenError):
            asyncio.run(
                ChosenFiles(root, {"data": root}).nearby(local(root="data", folder="link"))
            )

    def test_links_within_are_files(self, files, root):
        write(files, "a/file", b"data")
        (root / "link").symlink_to("a/file")
        (root / "folder").symlink_to("a")
        (root / "endless").symlink_to(".")
        (root / "nowhere").symlink_to("none")
        assert listed(files) == ["a/file", "link"]
        assert read(files, "link") == read(files, "folder/file") == b"data"
        write(files, "link", b"new", overwrite=True)
        assert read(files, "a/file") == b"data"
        asyncio.run(files.remove("link"))
        assert listed(files) == ["a/file"]

    def test_a_link_to_what_is_hidden_is_absent(self, files, root):
        write(files, "a")
        (root / "link").symlink_to(".zaffre-parts")
        with pytest.raises(NotFoundError):
            read(files, "link/x")


class TestOddThings:
    def test_what_is_no_file_is_absent(self, files, root):
        os.mkfifo(root / "pipe")
        (root / "folder").mkdir()
        for path in ("pipe", "folder"):
            with pytest.raises(NotFoundError):
                read(files, path)
        assert listed(files) == []

    def test_a_folder_or_a_file_in_the_way_is_named(self, files, root):
        write(files, "a/b")
        for path in ("a", "a/b/c"):
            with pytest.raises(ConflictError, match=f"`{path}`") as caught:
                write(files, path, overwrite=True)
            assert caught.value.code == "DataPathTaken"
        assert listed(files) == ["a/b"]
        assert list((root / ".zaffre-parts").iterdir()) == []

    def test_names_that_no_folder_could_have_are_absent(self, files):
        long = "a" * 300
        assert listed(files, prefix=f"{long}/") == []
        assert listed(files, pattern=f"{long}/*.csv") == []
        asyncio.run(files.remove(long))

    def test_a_socket_is_absent(self, files, root, monkeypatch):
        monkeypatch.chdir(root)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
            with pytest.raises(NotFoundError, match="socket"):
                asyncio.run(files.stat("socket"))

    def test_folders_may_lie_deeper_than_functions(self, files):
        path = "/".join("a" * 1020)
        write(files, path)
        assert listed(files) == [path]
        asyncio.run(files.remove(path))

    def test_a_folder_that_may_not_be_read_is_named(self, files, root, monkeypatch):
        (root / "closed").mkdir()
        real = folders._open

        def denied(name: str, above: int) -> int:
            if name == "closed":
                raise PermissionError(errno.EACCES, "denied")
            return real(name, above)

        monkeypatch.setattr(folders, "_open", denied)
        with pytest.raises(ForbiddenError, match="closed"):
            listed(files)

    def test_a_file_called_like_its_folder_goes_alone(self, files):
        write(files, "x/x")
        write(files, "x/y")
        asyncio.run(files.remove("x/x"))
        assert listed(files) == ["x/y"]

    def test_a_digest_is_made_in_turns(self, files, monkeypatch):
        monkeypatch.setattr(local_files, "_TURN", 1)
        data = os.urandom(3 << 20)
        write(files, "large", data)
        assert asyncio.run(files.digest("large")) == hashlib.sha256(data).hexdigest()

    def test_a_name_that_is_no_text_is_passed_over(self, files, root):
        Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_text("x")
        assert listed(files) == []

    def test_what_others_wrote_is_read(self, files, root):
        for name in ("2020-01-01T00:00.csv", "dot.", "back\\slash", "e\u0301"):
            (root / name).write_text(name)
            assert read(files, name) == name.encode()
        assert len(listed(files)) == 4

    def test_files_are_read_only(self, files, root):
        write(files, "a")
        assert stat.S_IMODE((root / "a").stat().st_mode) == 0o444
        write(files, "a", b"new", overwrite=True)
        assert read(files, "a") == b"new"

    def test_where_a_file_has_one_name_only(self, files, monkeypatch):
        def refuse(*_names, **_folders):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
        write(files, "a", b"old")
        with pytest.raises(ConflictError):
            write(files, "a", b"new")
        assert read(files, "a") == b"old"

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_where_another_file_system_begins(self, files, root, monkeypatch, overwrite):
        write(files, "a/old", b"old")
        name_it = parts._name_it

        def apart(part, name, *, folders, overwrite):
            if folders[0] != folders[1]:
                raise OSError(errno.EXDEV, "another device")
            name_it(part, name, folders=folders, overwrite=overwrite)

        monkeypatch.setattr(parts, "_name_it", apart)
        written = write(files, "a/new", b"data" * 1_000_000, overwrite=overwrite)
        assert read(files, "a/new") == b"data" * 1_000_000
        assert asyncio.run(files.stat("a/new")) == written
        assert sorted(os.listdir(root / "a")) == ["new", "old"]  # noqa: PTH208 (their names)
        if not overwrite:
            with pytest.raises(ConflictError):
                write(files, "a/old")
        assert read(files, "a/old") == b"old"
        assert list((root / ".zaffre-parts").iterdir()) == []

    def test_an_empty_folder_goes_with_its_last_file(self, files, root):
        write(files, "a/b/c")
        write(files, "a/d")
        asyncio.run(files.remove("a/b/c"))
        assert not (root / "a" / "b").exists()
        asyncio.run(files.remove("a/d"))
        assert not (root / "a").exists()

    def test_writers_and_removers_of_one_folder(self, files):
        async def one(number: int):
            for _ in range(20):
                await files.write(f"a/b/{number}", stream(b"x"), overwrite=False)
                await files.remove(f"a/b/{number}")

        async def inside():
            await asyncio.gather(*(one(number) for number in range(8)))
            return [file async for file in files.list()]

        assert asyncio.run(inside()) == []

    def test_what_a_killed_server_left_goes_after_a_day(self, files, root):
        parts = root / ".zaffre-parts"
        parts.mkdir()
        old, new = parts / ".zaffre-old", parts / ".zaffre-new"
        for part in (old, new):
            part.write_text("half")
        os.utime(old, (1, time.time() - 90_000))
        write(files, "a")
        assert not old.exists()
        assert new.exists()

    def test_a_full_disk_is_said(self, files, monkeypatch):
        def full(*_any):
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ZaffreError) as caught:
            write(files, "a")
        assert caught.value.code == "StorageFull"
        assert listed(files) == []


class TestNearby:
    def test_a_folder_that_cannot_be_written_proves_nothing(self, root):
        (root / ".zaffre-proof").symlink_to("elsewhere")
        chosen = ChosenFiles(root.parent / "home", {"data": root})
        assert asyncio.run(chosen.nearby(local(root="data"))) is None

    def test_a_folder_proves_itself(self, root):
        chosen = ChosenFiles(root / "home", {"data": root})
        found = asyncio.run(chosen.nearby(local(root="data", folder="x")))
        assert found == asyncio.run(chosen.nearby(local(root="data", folder="x")))
        assert found.folder == root / "x"
        assert found.proof.read_text() == found.proof_text
        assert len(found.proof_text) == 32
        assert stat.S_IMODE(found.proof.stat().st_mode) == 0o600
        assert listed(chosen.open(local(root="data", folder="x"), {})) == []

    def test_a_workspace_takes_its_files_along(self, tmp_path):
        chosen = ChosenFiles(tmp_path / "home", {})
        for workspace in ("w1", "w2"):
            write(chosen.open(replace(local(workspace), is_builtin=True), {}), "deep/a")
        asyncio.run(chosen.remove_workspace("w1"))
        asyncio.run(chosen.remove_workspace("w1"))
        assert not (tmp_path / "home" / "w1").exists()
        assert (tmp_path / "home" / "w2" / "store" / "deep" / "a").exists()

    def test_a_workspace_of_which_something_is_left_is_not_gone(self, tmp_path, monkeypatch):
        chosen = ChosenFiles(tmp_path, {})
        write(chosen.open(replace(local("w1"), is_builtin=True), {}), "deep/a")

        def others_too(folder: Path) -> None:
            raise FileNotFoundError(folder / "store" / "b")

        monkeypatch.setattr(choice.shutil, "rmtree", others_too)
        with pytest.raises(FileNotFoundError):
            asyncio.run(chosen.remove_workspace("w1"))

    def test_packs_of_all_folders_share_the_files_that_may_be_open(self, tmp_path, monkeypatch):
        chosen = ChosenFiles(tmp_path, {})
        stores = [chosen.open(replace(local(w), is_builtin=True), {}) for w in ("w1", "w2", "w3")]
        go_on, began, lock = threading.Event(), threading.Semaphore(0), threading.Lock()
        at_once = [0]

        def write_pack(*_: object, **__: object) -> list[bool]:
            with lock:
                at_once.append(at_once[-1] + 1)
            began.release()
            assert go_on.wait(10)
            with lock:
                at_once.append(at_once[-1] - 1)
            return []

        async def inside() -> None:
            writing = asyncio.gather(*(one.write_pack([], overwrite=False) for one in stores))
            for _ in range(2):
                assert await asyncio.to_thread(began.acquire, timeout=10)
            go_on.set()
            await writing

        monkeypatch.setattr(local_files, "write_pack", write_pack)
        asyncio.run(inside())
        assert (max(at_once), at_once[-1]) == (2, 0)
