import fcntl
import os
import shutil
import time
from pathlib import Path

import pytest
from zaffre.adapters.builders.folders import Marker, Place, kept_in, remove_leftovers

MARKER = Marker(packages=("six==1",), notes=(), bytes=7, seconds=0.1)
OLD = time.time() - 100_000


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path, "ab" * 32)
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to("/bin/sh")
    (place.folder / "pyvenv.cfg").touch()
    place.complete(MARKER)
    return place


def aged(place):
    os.utime(place.folder / "zaffre-environment.json", (OLD, OLD))


def test_use_is_noted(place, tmp_path):
    aged(place)
    [(_, _, _, before)] = kept_in(tmp_path)
    assert place.use() == MARKER
    [(_, marker, _, used)] = kept_in(tmp_path)
    assert (marker, before) == (MARKER, pytest.approx(OLD))
    assert used > time.time() - 60


def test_what_was_used_since_stays(place):
    assert not place.remove(unused_since=OLD)
    assert place.find() == MARKER
    aged(place)
    assert place.remove(unused_since=OLD + 1)
    assert not place.folder.exists()
    assert place.use() is None
    assert not place.remove(unused_since=OLD + 1)


def test_two_may_remove_the_same_leftover(place, tmp_path, monkeypatch):
    (tmp_path / "cd" / ".gone-x").mkdir(parents=True)
    remove = shutil.rmtree

    def twice(folder, **how):
        remove(folder, **how)
        remove(folder, **how)

    monkeypatch.setattr(shutil, "rmtree", twice)
    remove_leftovers(tmp_path)
    assert not (tmp_path / "cd" / ".gone-x").exists()
    assert place.find() == MARKER


def test_what_is_read_only_goes_too(place, monkeypatch):
    closed = place.folder / "closed"
    closed.mkdir()
    (closed / "file").touch()
    closed.chmod(0o500)
    unlink = os.unlink

    def as_anybody(path, *, dir_fd=None):
        """Refuse what root alone may do."""
        folder = Path(path).parent.stat() if dir_fd is None else os.fstat(dir_fd)
        if not folder.st_mode & 0o200:
            raise PermissionError
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", as_anybody)
    place.clear()
    assert not place.folder.exists()


def test_nobody_is_given_what_is_being_removed(place):
    """Who removes holds the lock alone; who is handed an environment holds it with others."""
    with (place.folder.parent / f"{place.folder.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert place.use() is None
        aged(place)
        assert not place.remove(unused_since=OLD + 1)
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert place.use() == MARKER
        aged(place)
        assert not place.remove(unused_since=OLD + 1)
