"""Small files that go together."""

import os
from types import SimpleNamespace

import pytest
from zaffre_sdk.client.datastores import Datastores
from zaffre_sdk.data.contract import Fetch, Send
from zaffre_sdk.data.far import FarFiles
from zaffre_sdk.data.packing import SMALL_BYTES, packs_of, read_whole, size_of_source
from zaffre_sdk.errors import ChangedWhileReadingError, MismatchError, SourceError, TransferError
from zaffre_sdk.wire.datastores import DataFile, PackedFile


class Stores:
    """A server that keeps files by path, and what it was asked."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[str] = []

    def files(self, *_, **__):
        return iter(self.listed())

    def listed(self):
        return [
            DataFile(path=p, size=len(d), modified_at=0.0, mark="m") for p, d in self.kept.items()
        ]

    def upload(self, _name, path, source, **_):
        self.asked.append(f"upload {path}")
        self.kept[path] = source.read_bytes()

    def write_pack(self, _name, files, *, overwrite):
        self.asked.append(f"pack of {len(files)}")
        written = [overwrite or file.path not in self.kept for file in files]
        self.kept.update(
            (f.path, f.data) for f, is_new in zip(files, written, strict=True) if is_new
        )
        return written

    def read_pack(self, _name, files):
        self.asked.append(f"read {len(files)}")
        return [self.kept[file.path] for file in files]


@pytest.fixture
def stores():
    return Stores()


@pytest.fixture
def far(stores):
    return FarFiles(SimpleNamespace(id="w", datastores=stores), "store")


def sent(folder, count, size=3):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:04}").write_bytes(os.urandom(size))
    return [Send(path, f"to/{path.name}") for path in sorted(folder.iterdir())]


def test_packs_hold_so_many_files_and_bytes():
    assert [len(pack) for pack in packs_of(range(300), lambda _: 10)] == [128, 128, 44]
    assert [len(pack) for pack in packs_of(range(80), lambda _: SMALL_BYTES)] == [32, 32, 16]
    sizes = [1, SMALL_BYTES + 1, 1, None, 1]
    assert packs_of(sizes, lambda size: size) == [[SMALL_BYTES + 1], [None], [1, 1, 1]]
    assert packs_of([], len) == []


def test_small_files_go_together_and_come_back(far, stores, tmp_path):
    sources = sent(tmp_path / "many", 200)
    (tmp_path / "large").write_bytes(bytes(SMALL_BYTES + 1))
    sources.append(Send(tmp_path / "large", "to/large"))
    assert far.send(sources) == 201
    assert sorted(stores.asked) == ["pack of 128", "pack of 72", "upload to/large"]
    assert far.send(sources) == 0
    assert far.send(sources[:2], overwrite=True) == 2

    small = [file for file in stores.listed() if file.size == 3]
    (tmp_path / "back").mkdir()
    far.fetch([Fetch(file, tmp_path / "back" / file.path[3:]) for file in small])
    names = sorted(path.name for path in (tmp_path / "back").iterdir())
    assert names == [source.source.name for source in sources[:200]]
    assert all(
        (tmp_path / "back" / one.source.name).read_bytes() == one.source.read_bytes()
        for one in sources[:200]
    )


def test_who_comes_second_is_not_counted(far, stores, tmp_path):
    sources = sent(tmp_path / "many", 3)
    stores.files = lambda *_, **__: iter(())
    stores.kept["to/0001"] = b"theirs"
    assert far.send(sources) == 2
    assert stores.kept["to/0001"] == b"theirs"


def test_a_file_that_changed_is_not_fetched(far, stores, tmp_path):
    stores.kept |= {"a": b"1", "b": b"22"}
    wanted = [Fetch(file, tmp_path / file.path) for file in stores.listed()]
    stores.kept["b"] = b"333"
    with pytest.raises(TransferError, match="`b` changed"):
        far.fetch(wanted)
    assert not (tmp_path / "b").exists()

    def refuse(*_):
        raise MismatchError("DataFileChanged", "The file `a` was replaced.", status=422)

    stores.read_pack = refuse
    with pytest.raises(TransferError, match="`a` was replaced"):
        far.fetch(wanted)


def test_a_source_that_grows_or_is_gone_is_said(tmp_path, monkeypatch):
    source = tmp_path / "a"
    source.write_bytes(b"12")
    assert read_whole(Send(source, "a")) == b"12"
    real = os.fstat
    monkeypatch.setattr(
        os, "fstat", lambda fd: SimpleNamespace(st_size=1, st_mtime_ns=real(fd).st_mtime_ns)
    )
    with pytest.raises(ChangedWhileReadingError, match="changed while reading"):
        read_whole(Send(source, "a"))
    absent = Send(tmp_path / "absent", "a")
    assert size_of_source(absent) is None
    with pytest.raises(SourceError, match="absent` cannot be read: No such file"):
        read_whole(absent)


def test_r16_what_a_try_wrote_whose_answer_was_lost_counts_as_written():
    def exchange(tries):
        def send(request):
            for _ in range(tries):
                assert b"".join(request.body.pieces())
            return SimpleNamespace()

        answered = SimpleNamespace(value=[False, True])
        return SimpleNamespace(exchange=send, read=lambda *_: answered)

    files = [PackedFile(path="a", data=b"1"), PackedFile(path="b", data=b"2")]
    assert Datastores(exchange(1), "/ws").write_pack("store", files) == [False, True]
    assert Datastores(exchange(2), "/ws").write_pack("store", files) == [True, True]
