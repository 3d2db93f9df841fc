"""Many files of a datastore on this machine's disk, written in one go."""

import errno
import os
import stat
from pathlib import Path

import pytest
from zaffre.adapters.datafiles import folders, parts
from zaffre.adapters.datafiles.folders import Folder
from zaffre.adapters.datafiles.packs import write_pack
from zaffre.domain.data_packs import SmallFile
from zaffre.domain.errors import ConflictError, ForbiddenError, StorageFullError

PACK = [SmallFile(f"deep/{number}", b"%d" % number) for number in range(5)]


def found(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_what_is_written_is_read_only(tmp_path):
    assert write_pack(Folder(tmp_path), PACK, overwrite=False) == [True] * 5
    mode = stat.S_IMODE((tmp_path / "deep" / "3").stat().st_mode)
    assert mode == 0o444


def test_r24_a_pack_for_which_there_is_no_room_leaves_nothing(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(parts.os, "fsync", full)
    with pytest.raises(StorageFullError):
        write_pack(Folder(tmp_path), PACK, overwrite=False)
    assert found(tmp_path) == []


def test_r24_what_a_pack_wrote_before_it_failed_is_whole(tmp_path):
    (tmp_path / "taken").write_text("a file")
    pack = [SmallFile("a", b"1"), SmallFile("taken/b", b"2"), SmallFile("c", b"3")]
    with pytest.raises(ConflictError, match="`taken/b`") as caught:
        write_pack(Folder(tmp_path), pack, overwrite=False)
    assert caught.value.code == "DataPathTaken"
    assert found(tmp_path) == ["a", "taken"]
    assert (tmp_path / "a").read_bytes() == b"1"


def test_nothing_is_seen_before_all_of_it_is_on_the_disk(tmp_path, monkeypatch):
    seen = []
    kept = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            seen.append(sum(1 for one in found(tmp_path) if one.startswith("deep")))
        kept(descriptor)

    monkeypatch.setattr(parts.os, "fsync", sync)
    write_pack(Folder(tmp_path), PACK, overwrite=False)
    assert seen == [0] * 5


def test_a11_a_pack_does_not_follow_links_out(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path / "outside")
    with pytest.raises(ForbiddenError):
        write_pack(Folder(tmp_path / "root"), [SmallFile("out/a", b"x")], overwrite=True)
    assert found(tmp_path / "outside") == []


def test_what_is_there_is_durable_too(tmp_path, monkeypatch):
    """An earlier try may have placed it, and have died before it made the names durable."""
    write_pack(Folder(tmp_path), PACK, overwrite=False)
    synced = []
    monkeypatch.setattr(parts.os, "fsync", lambda one: synced.append(os.fstat(one).st_ino))
    assert write_pack(Folder(tmp_path), PACK, overwrite=False) == [False] * 5
    assert (tmp_path / "deep").stat().st_ino in synced


def test_a_folder_that_may_not_be_written_is_said(tmp_path, monkeypatch):
    def denied(_name: str, _above: int) -> int:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(folders, "_make_and_open", denied)
    with pytest.raises(ForbiddenError) as caught:
        write_pack(Folder(tmp_path), PACK, overwrite=False)
    assert caught.value.code == "DatastoreRefused"
