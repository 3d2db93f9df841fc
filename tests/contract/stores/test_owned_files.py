import pytest
from zaffre.domain.artifacts import Child, FileOwner, OwnedFile, OwnerKind
from zaffre.domain.errors import NotFoundError

from contract.stores.conftest import Database
from contract.stores.entities import artifact, later

OWNER = FileOwner("w1", OwnerKind.LOGGED_MODEL, "m-1")
OTHERS = [
    FileOwner("w2", OwnerKind.LOGGED_MODEL, "m-1"),
    FileOwner("w1", OwnerKind.TRACE, "m-1"),
    FileOwner("w1", OwnerKind.LOGGED_MODEL, "m-12"),
]
PATHS = ["MLmodel", "data", "data/a", "data/b/c", "data.txt", "data0", "é/\U0010ffff"]


def file(path: str = "MLmodel", digest: str = "a" * 64) -> OwnedFile:
    return OwnedFile(path=path, digest=digest, size=3, created_at=later(0))


def file_child(name: str) -> Child:
    return Child(name, is_folder=False, size=3)


class TestOwnedFileStore:
    def test_gives_back_what_was_put(self, database: Database):
        database.write(lambda s: s.owned_files.put(OWNER, file()))
        assert database.read(lambda s: s.owned_files.get(OWNER, "MLmodel")) == file()

    def test_what_was_replaced_is_doomed(self, database: Database):
        changed = file(digest="b" * 64)
        database.write(lambda s: s.owned_files.put(OWNER, file()))
        database.write(lambda s: s.owned_files.put(OWNER, changed))
        assert database.read(lambda s: s.owned_files.list(OWNER, limit=9)) == [changed]
        assert database.read(lambda s: s.doomed.list(limit=9)) == ["a" * 64]

    @pytest.mark.parametrize("other", OTHERS)
    def test_owners_do_not_meet(self, database: Database, other: FileOwner):
        database.write(lambda s: s.owned_files.put(OWNER, file()))
        with pytest.raises(NotFoundError) as caught:
            database.read(lambda s: s.owned_files.get(other, "MLmodel"))
        assert caught.value.code == "ArtifactNotFound"
        assert database.read(lambda s: s.owned_files.list(other, limit=9)) == []
        assert database.write(lambda s: s.owned_files.remove(other, None, limit=9)) == 0

    def test_lists_in_pages(self, database: Database):
        database.write(lambda s: [s.owned_files.put(OWNER, file(path)) for path in PATHS])
        found, after = [], None
        while page := database.read(
            lambda s: s.owned_files.list(OWNER, limit=2, after=after)  # noqa: B023
        ):
            found += [one.path for one in page]
            after = found[-1]
        assert found == sorted(PATHS)

    @pytest.mark.parametrize("limit", [1, 2, 9])
    def test_children_of_folders(self, database: Database, limit: int):
        database.write(lambda s: [s.owned_files.put(OWNER, file(path)) for path in PATHS])

        def all_in(folder: str) -> list[Child]:
            found, after = [], None
            while page := database.read(
                lambda s: s.owned_files.children(OWNER, folder=folder, limit=limit, after=after)  # noqa: B023
            ):
                found += page
                after = f"{page[-1].name}/" if page[-1].is_folder else page[-1].name
            return found

        assert all_in("") == [
            file_child("MLmodel"),
            file_child("data"),
            file_child("data.txt"),
            Child("data", is_folder=True),
            file_child("data0"),
            Child("é", is_folder=True),
        ]
        assert all_in("data") == [file_child("a"), Child("b", is_folder=True)]
        assert all_in("dat") == []
        assert all_in("data/a") == []

    def test_removes_a_file_and_what_is_below(self, database: Database):
        database.write(lambda s: [s.owned_files.put(OWNER, file(path)) for path in PATHS])
        assert database.write(lambda s: s.owned_files.remove(OWNER, "data", limit=2)) == 2
        assert database.write(lambda s: s.owned_files.remove(OWNER, "data", limit=2)) == 1
        left = database.read(lambda s: s.owned_files.list(OWNER, limit=9))
        assert [one.path for one in left] == ["MLmodel", "data.txt", "data0", "é/\U0010ffff"]

    def test_r27_bytes_with_another_name_are_kept(self, database: Database):
        def fill(s):
            s.owned_files.put(OWNER, file("a", "a" * 64))
            s.owned_files.put(OWNER, file("b", "b" * 64))
            s.artifacts.put("w1", artifact(digest="b" * 64))
            for digest in ("a" * 64, "b" * 64):
                s.snapshots.add_blob("w1", digest, 3)
                s.snapshots.add_blob("w2", digest, 3)
                s.kept.add(digest, b"abc")
            s.owned_files.remove(OWNER, None, limit=9)

        database.write(fill)
        digests = ["a" * 64, "b" * 64]
        assert database.read(lambda s: s.doomed.list(limit=9)) == digests
        assert database.read(lambda s: s.doomed.list(limit=9, after="a" * 64)) == digests[1:]
        assert database.read(lambda s: s.doomed.unnamed_bytes()) == 3
        assert database.write(lambda s: s.doomed.give_up(digests)) == digests[:1]
        assert database.read(lambda s: s.kept.list(limit=9)) == digests[1:]
        for workspace in ("w1", "w2"):
            known = database.read(
                lambda s: s.snapshots.known_blobs(workspace, digests)  # noqa: B023
            )
            assert list(known) == digests[1:]
        database.write(lambda s: s.doomed.settle(digests))
        assert database.read(lambda s: s.doomed.list(limit=9)) == []
