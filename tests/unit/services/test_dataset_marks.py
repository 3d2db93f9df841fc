"""Looking at files, over storage that changes while one looks."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from zaffre.adapters.sql.stores.datasets import SqlDatasetStore
from zaffre.domain.data_files import DataFile, no_file
from zaffre.domain.datasets import Dataset, FileMark, Listing
from zaffre.domain.datastores import Datastore
from zaffre.domain.errors import ConflictError, TooLargeError
from zaffre.domain.workspaces import Workspace
from zaffre.services import dataset_marks
from zaffre.services.dataset_marks import DatasetMarks
from zaffre.services.datasets import NewDataset
from zaffre_sdk.data.patterns import Pattern

from services.conftest import ALICE, Desk

STORE = "workspaceblobstore"


@dataclass
class Storage:
    """The files of all datastores, in memory.

    Attributes:
        digested: What was read whole.
        change: Called with a path while it is read.
        has_digests: Without them it is like an object store.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    digested: list[str] = field(default_factory=list)
    change: Any = None
    has_digests: bool = True

    def put(self, path: str, data: bytes, mark: str) -> None:
        self.files[path], self.marks[path] = data, mark

    def open(self, _datastore: Datastore, _credential: Mapping[str, str]) -> "Storage":
        return self

    async def list(self, *, pattern: str | None = None) -> AsyncIterator[DataFile]:
        for path in sorted(self.files):
            if pattern is None or Pattern(pattern).matches(path):
                yield await self.stat(path)

    async def stat(self, path: str) -> DataFile:
        if path not in self.files:
            raise no_file(path)
        return DataFile(path, len(self.files[path]), None, self.marks[path])  # type: ignore[arg-type]

    async def digest(self, path: str) -> str:
        if not self.has_digests:
            return ""
        self.digested.append(path)
        if path not in self.files:
            raise no_file(path)
        digest = hashlib.sha256(self.files[path]).hexdigest()
        if self.change:
            self.change(path)
        return digest


@pytest.fixture
def storage() -> Storage:
    made = Storage()
    for name in "abc":
        made.put(f"d/{name}", name.encode(), "1")
    return made


@pytest.fixture
def marks(desk: Desk, storage: Storage) -> DatasetMarks:
    return DatasetMarks(desk.work, storage)  # type: ignore[arg-type]


@pytest.fixture
def workspace(desk: Desk) -> Workspace:
    return desk.workspace()


def new(*paths: str, **said: Any) -> NewDataset:
    places = [{"path": path, "datastore": STORE} for path in paths or ("d/*",)]
    return NewDataset(document={"kind": "file", "places": places}, **{"name": "data", **said})


def register(desk: Desk, marks: DatasetMarks, workspace: Workspace, wanted: NewDataset):
    async def registered() -> Dataset:
        async with marks.taken(workspace.id, wanted, caller=ALICE) as listing:
            return await desk.work.write(
                lambda s: s.datasets.register(workspace.id, wanted, listing, caller=ALICE)
            )

    return desk.runner.run(registered())


def changes(desk: Desk, marks: DatasetMarks, workspace: Workspace, dataset_id: str):
    return desk.runner.run(marks.changes(workspace.id, dataset_id, caller=ALICE))


def test_digests_of_the_version_before_are_used_again(desk, marks, storage, workspace):
    register(desk, marks, workspace, new())
    storage.put("d/b", b"other", "2")
    storage.put("d/new", b"new", "1")
    storage.digested.clear()

    made = register(desk, marks, workspace, new(new_version=True))

    assert sorted(storage.digested) == ["d/b", "d/new"]
    known = desk.read(lambda s: s.datasets.marks(workspace.id, made.id, caller=ALICE))[1]
    assert known[0] == FileMark("d/a", 1, "1", STORE, hashlib.sha256(b"a").hexdigest())


def test_nothing_is_looked_at_again_for_the_same_definition(desk, marks, storage, workspace):
    first = register(desk, marks, workspace, new())
    storage.files.clear()
    assert register(desk, marks, workspace, new()) == first


def test_a_definition_without_a_name_is_marked_and_not_read(desk, marks, storage, workspace):
    kept = register(desk, marks, workspace, new(name=None))
    assert (kept.files, storage.digested) == (3, [])


def test_only_what_has_another_mark_is_read_to_tell_changes(desk, marks, storage, workspace):
    made = register(desk, marks, workspace, new())
    storage.digested.clear()
    storage.put("d/a", b"a", "2")
    storage.put("d/b", b"x", "2")
    storage.put("d/c", b"longer", "2")

    found = changes(desk, marks, workspace, made.id)

    assert sorted(storage.digested) == ["d/a", "d/b"]
    assert (found.changed, found.checked, found.none) == (("d/b", "d/c"), 3, False)


def test_without_digests_another_mark_is_a_change(desk, marks, storage, workspace):
    storage.has_digests = False
    made = register(desk, marks, workspace, new())
    storage.put("d/a", b"a", "2")
    assert changes(desk, marks, workspace, made.id).changed == ("d/a",)


def test_a_file_that_changes_once_while_it_is_read_is_read_again(desk, marks, storage, workspace):
    def change(path: str) -> None:
        storage.change = None
        storage.put(path, b"new content", "2")

    storage.change = change
    made = register(desk, marks, workspace, new("d/a"))

    known = desk.read(lambda s: s.datasets.marks(workspace.id, made.id, caller=ALICE))[1]
    assert known == [FileMark("d/a", 11, "2", STORE, hashlib.sha256(b"new content").hexdigest())]


@pytest.mark.parametrize("what", ["written", "removed"])
def test_a_file_that_never_rests_is_named(desk, marks, storage, workspace, what: str):
    def change(path: str) -> None:
        if what == "removed":
            del storage.files[path]
        else:
            storage.put(path, b"x", storage.marks[path] + "1")

    storage.change = change
    with pytest.raises(ConflictError) as caught:
        register(desk, marks, workspace, new("d/a"))
    assert caught.value.code == "FileChanges"
    assert "`d/a`" in caught.value.message


def test_a_file_that_goes_before_it_is_read_is_named(desk, marks, storage, workspace):
    storage.change = lambda _path: storage.files.pop("d/c", None)
    with pytest.raises(ConflictError) as caught:
        register(desk, marks, workspace, new())
    assert "`d/c`" in caught.value.message


def test_too_many_files_are_refused(desk, marks, workspace, monkeypatch):
    monkeypatch.setattr(dataset_marks, "MAX_FILES", 2)
    with pytest.raises(TooLargeError) as caught:
        register(desk, marks, workspace, new())
    assert caught.value.code == "TooManyFiles"


def test_a_name_that_is_unregistered_meanwhile_is_not_left_without_files(desk, marks, workspace):
    register(desk, marks, workspace, new())
    taken = Listing.of(desk.runner.run(marks.take(workspace.id, new(), caller=ALICE)))
    desk.write(lambda s: s.datasets.unregister(workspace.id, "data", caller=ALICE))

    with pytest.raises(ConflictError) as caught:
        desk.write(lambda s: s.datasets.register(workspace.id, new(), taken, caller=ALICE))
    assert caught.value.code == "DatasetChanges"


@pytest.mark.parametrize("name", ["data", None])
def test_many_files_are_kept_a_slice_at_a_time(desk, marks, storage, workspace, name, monkeypatch):
    """Others who write wait for one slice, not for a million files."""
    monkeypatch.setattr(dataset_marks, "SLICE", 500)
    for number in range(1200):
        storage.put(f"many/{number:04}", b"x", "1")
    longest = []
    extend = SqlDatasetStore.extend

    def watched(self, draft, some, *, start):
        longest.append(len(some))
        extend(self, draft, some, start=start)

    monkeypatch.setattr(SqlDatasetStore, "extend", watched)
    made = register(desk, marks, workspace, new("many/*", name=name))
    again = register(desk, marks, workspace, new("many/*", name=name))

    assert longest == [500, 500, 200]
    assert (made.files, again.id) == (1200, made.id)
    known = desk.read(lambda s: s.datasets.marks(workspace.id, made.id, caller=ALICE))[1]
    assert [mark.path for mark in known] == [f"many/{number:04}" for number in range(1200)]
    assert desk.read(lambda s: s.stores.datasets.drafts()) == []


def test_a_draft_of_which_nothing_comes_is_forgotten(desk, marks, workspace, monkeypatch):
    monkeypatch.setattr(dataset_marks, "SLICE", 1)

    async def broken_off() -> None:
        async with marks.taken(workspace.id, new(), caller=ALICE):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        desk.runner.run(broken_off())
    assert desk.read(lambda s: s.stores.datasets.drafts()) == []

    drafted = desk.write(lambda s: s.datasets.begin(workspace.id, new(), "", caller=ALICE))
    for seconds in (0, 1):
        assert desk.read(lambda s: s.stores.datasets.drafts()) == [replace(drafted, name=None)]
        before = drafted.created_at + timedelta(seconds=seconds)
        desk.runner.run(marks.forget_drafts(before=before))
    assert desk.read(lambda s: s.stores.datasets.drafts()) == []
