"""Files of datastores on this machine."""

import errno
import os
import resource
import threading
from pathlib import Path

import pytest
from zaffre_sdk.data.access import Fetch, Send
from zaffre_sdk.data.near import NearFiles
from zaffre_sdk.data.progress import Progress
from zaffre_sdk.errors import (
    ChangedWhileReadingError,
    SourceError,
    TransferError,
    UnsafePathError,
)


def held(folder):
    return [path.name for path in folder.iterdir()]


class Heard(Progress):
    def __init__(self):
        self.lines = []
        self._lock = threading.Lock()

    def total(self, count):
        self.lines.append(("total", count))

    def began(self, name):
        with self._lock:
            self.lines.append(("began", name))

    def ended(self, name):
        with self._lock:
            self.lines.append(("ended", name))

    def skipped(self, name):
        with self._lock:
            self.lines.append(("skipped", name))


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "store"
    for path in ("a.csv", "data/b.csv", "data/c.txt", "data/deep/d.csv", "data.csv", "z/e.csv"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / ".zaffre-proof").write_text("x")
    (folder / "data" / ".zaffre-1.part").write_text("half")
    return folder


@pytest.fixture
def files(store):
    return NearFiles(store)


def names(found):
    return [file.path for file in found]


def test_all_files_are_listed_by_path_without_those_of_the_house(files):
    assert names(files.list()) == [
        "a.csv",
        "data.csv",
        "data/b.csv",
        "data/c.txt",
        "data/deep/d.csv",
        "z/e.csv",
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", ["a.csv", "data.csv"]),
        ("/data", ["data/b.csv", "data/c.txt", "data/deep/d.csv"]),
        ("data/", ["data/b.csv", "data/c.txt", "data/deep/d.csv"]),
        ("data/*.csv", ["data/b.csv"]),
        ("data/**/*.csv", ["data/b.csv", "data/deep/d.csv"]),
        ("**/*.csv", ["a.csv", "data.csv", "data/b.csv", "data/deep/d.csv", "z/e.csv"]),
        ("data/b.csv", ["data/b.csv"]),
        ("*/deep/d.csv", ["data/deep/d.csv"]),
        ("absent", []),
        ("absent/*.csv", []),
        (".zaffre-proof", []),
        ("data/.zaffre-1.part", []),
    ],
)
def test_patterns_choose(files, pattern, expected):
    assert names(files.list(pattern)) == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("data/d", ["data/deep/d.csv"]),
        ("/data", ["data.csv", "data/b.csv", "data/c.txt", "data/deep/d.csv"]),
        ("data/b.csv", ["data/b.csv"]),
    ],
)
def test_prefixes_are_beginnings_of_paths(files, prefix, expected):
    assert names(files.list(prefix=prefix)) == expected


def test_a10_paths_do_not_leave_the_datastore(files):
    with pytest.raises(UnsafePathError, match="leaves its datastore"):
        files.list("../secret")


def test_a11_links_that_lead_out_are_no_files(files, store, tmp_path):
    (tmp_path / "secret").write_text("s")
    (store / "out.csv").symlink_to(tmp_path / "secret")
    (store / "in.csv").symlink_to(store / "a.csv")

    (store / "folder").symlink_to(tmp_path)

    assert names(files.list("*.csv")) == ["a.csv", "data.csv", "in.csv"]
    assert names(files.list("*/secret")) == []
    with pytest.raises(UnsafePathError, match="through a link"):
        files.list("folder/secret")


def test_files_are_read_in_parts(files):
    [file] = files.list("a.csv")
    assert files.read(file) == b"a.csv"
    assert files.read(file, start=2, length=2) == b"cs"
    assert files.read(file, start=2, length=0) == b""


def test_fetched_files_are_copies_and_replace_what_was_there(files, store, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b").write_text("old")
    heard = Heard()

    wanted = [Fetch(f, tmp_path / "out" / f.path[-5]) for f in files.list("data/*.csv")]
    files.fetch(wanted, progress=heard)

    assert (tmp_path / "out" / "b").read_text() == "data/b.csv"
    assert not (tmp_path / "out" / "b").samefile(store / "data" / "b.csv")
    assert held(tmp_path / "out") == ["b"]
    assert heard.lines == [("total", 1), ("began", "data/b.csv"), ("ended", "data/b.csv")]


def test_a_file_that_went_away_leaves_nothing_behind(files, store, tmp_path):
    listed = files.list("a.csv")
    (store / "a.csv").unlink()

    with pytest.raises(TransferError, match=r"`a\.csv` was removed"):
        files.fetch([Fetch(listed[0], tmp_path / "a")])
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 128 * 1024 + 1, 5_000_001])
def test_bytes_survive_both_ways(files, tmp_path, size):
    data = os.urandom(size)
    (tmp_path / "in").write_bytes(data)

    assert files.send([Send(tmp_path / "in", "new/deep/in")]) == 1
    [listed] = files.list("new")
    files.fetch([Fetch(listed, tmp_path / "back")])

    assert listed.size == size
    assert (tmp_path / "back").read_bytes() == data


def test_sent_files_cannot_be_written_to(files, store, tmp_path):
    (tmp_path / "in").write_text("x")
    previous = os.umask(0o022)  # a test may have left that of a server
    try:
        files.send([Send(tmp_path / "in", "a/in")])
    finally:
        os.umask(previous)

    assert (store / "a" / "in").stat().st_mode & 0o777 == 0o444


def test_files_that_are_there_stay_unless_they_are_to_be_replaced(files, store, tmp_path):
    (tmp_path / "in").write_text("new")
    heard = Heard()

    assert files.send([Send(tmp_path / "in", "a.csv")], progress=heard) == 0
    assert (store / "a.csv").read_text() == "a.csv"
    assert heard.lines == [("total", 1), ("skipped", "a.csv")]
    assert files.send([Send(tmp_path / "in", "a.csv")], overwrite=True) == 1
    assert (store / "a.csv").read_text() == "new"


def test_many_files_are_sent_and_nothing_else_is_left(files, store, tmp_path):
    sources = []
    for n in range(300):
        (tmp_path / f"{n}").write_text(str(n))
        sources.append(Send(tmp_path / f"{n}", f"many/{n % 7}/{n}.txt"))

    assert files.send(sources) == 300
    assert len(files.list("many/*/*.txt")) == 300
    assert (store / "many" / "5" / "5.txt").read_text() == "5"
    assert held(store / ".zaffre-parts") == []


def test_c68_a_file_that_changes_while_it_is_sent_is_not_kept(files, store, tmp_path, monkeypatch):
    source = tmp_path / "in"
    source.write_bytes(b"x" * 200_000)
    whole = os.read

    def read(descriptor, count):
        with source.open("ab") as more:
            more.write(b"y")
        return whole(descriptor, count)

    monkeypatch.setattr("zaffre_sdk.data.copying._movers", list)
    monkeypatch.setattr(os, "read", read)
    with pytest.raises(ChangedWhileReadingError, match="changed while reading"):
        files.send([Send(source, "new")])
    assert not (store / "new").exists()
    assert held(store / ".zaffre-parts") == []


@pytest.fixture
def small_disk():
    """A disk that takes no file of more than 100,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [110_000, 1_000_000])
def test_c72_a_full_disk_leaves_nothing(files, store, tmp_path, request, size):
    (tmp_path / "in").write_bytes(b"x" * size)
    (store / "large").write_bytes(b"x" * size)
    [listed] = files.list("large")
    (tmp_path / "out").mkdir()
    request.getfixturevalue("small_disk")

    with pytest.raises(TransferError, match="`new/in` cannot be written to the datastore"):
        files.send([Send(tmp_path / "in", "new/in")])
    with pytest.raises(OSError, match="File too large"):
        files.fetch([Fetch(listed, tmp_path / "out" / "large")])
    assert held(store / ".zaffre-parts") == held(store / "new") == held(tmp_path / "out") == []


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a/.zaffre-x", "a\\b"])
def test_a10_bad_targets_are_refused_before_anything_is_sent(files, store, tmp_path, path):
    (tmp_path / "in").write_text("x")

    with pytest.raises(UnsafePathError, match="nothing was sent"):
        files.send([Send(tmp_path / "in", "good"), Send(tmp_path / "in", path)])
    assert not (store / "good").exists()


def test_a_link_out_of_the_datastore_is_not_written_through(files, store, tmp_path):
    (tmp_path / "in").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (store / "link").symlink_to(tmp_path / "elsewhere")

    for path in ("link/x", "link/new/x"):
        with pytest.raises(UnsafePathError, match="through a link"):
            files.send([Send(tmp_path / "in", path)])
    assert held(tmp_path / "elsewhere") == []


def test_a_disk_that_fails_in_the_end_leaves_nothing(files, store, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "in").write_text("x")
    monkeypatch.setattr("zaffre_sdk.data.storing._sync", full)
    with pytest.raises(TransferError, match="`new` cannot be written to the datastore: No space"):
        files.send([Send(tmp_path / "in", "new")])
    assert not (store / "new").exists()
    assert held(store / ".zaffre-parts") == []


def test_only_names_that_begin_so_are_the_houses_own(files, tmp_path):
    (tmp_path / "in").write_text("x")
    assert files.send([Send(tmp_path / "in", "a/my.zaffre-notes")]) == 1
    assert names(files.list("a")) == ["a/my.zaffre-notes"]


def test_what_is_no_file_is_not_listed(files, store):
    os.mkfifo(store / "pipe")
    assert names(files.list("pipe")) == []


def test_what_is_no_file_is_not_sent(files, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SourceError, match="does not point to a file"):
        files.send([Send(tmp_path / "pipe", "pipe")])
    with pytest.raises(SourceError, match="cannot be read"):
        files.send([Send(tmp_path / "absent", "absent")])


def test_a_reader_never_sees_half_a_file(files, store, tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"a" * 1000)
    large.write_bytes(b"b" * 3_000_000)
    files.send([Send(small, "x")])
    seen, done = set(), threading.Event()

    def look():
        while not done.is_set():
            seen.add(len((store / "x").read_bytes()))

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(5):
        files.send([Send(large, "x")], overwrite=True)
        files.send([Send(small, "x")], overwrite=True)
    done.set()
    reader.join()
    assert seen <= {1000, 3_000_000}


def test_this_machine_is_listed_from_its_root(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.csv").write_text("1")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "a.csv")
    machine = NearFiles(Path("/"), is_open=True)
    below = str(tmp_path).lstrip("/")

    found = machine.list(f"{below}/**/*.csv")

    assert names(found) == [f"{below}/link.csv", f"{below}/real/a.csv"]
    assert machine.local_path(found[1]) == tmp_path / "real" / "a.csv"
