import pytest
from zaffre.domain.errors import (
    InvalidError,
    NotFoundError,
    PreconditionError,
    TooLargeError,
    ZaffreError,
)
from zaffre.domain.files import FileEntry
from zaffre.domain.workspaces import Workspace

from services.conftest import ALICE, DIGEST, Desk

OTHER = "cd" * 32


def note(desk: Desk, workspace: Workspace, digest: str = DIGEST, size: int = 3) -> None:
    desk.write(lambda s: s.snapshots.note_blob(workspace.id, digest, size, caller=ALICE))


def create(desk: Desk, workspace: Workspace, *files: FileEntry):
    return desk.write(lambda s: s.snapshots.create(workspace.id, files, caller=ALICE))


def test_only_what_was_not_sent_is_missing(desk: Desk, workspace: Workspace):
    note(desk, workspace)
    missing = desk.read(
        lambda s: s.snapshots.missing(workspace.id, [OTHER, DIGEST, OTHER], caller=ALICE)
    )
    assert missing == [OTHER]
    other = desk.workspace("other")
    assert desk.read(lambda s: s.snapshots.missing(other.id, [DIGEST], caller=ALICE)) == [DIGEST]


@pytest.mark.parametrize("digest", ["", "AB" * 32, "ab" * 31, "../" * 20, "g" * 64])
def test_what_is_no_digest_is_refused(desk: Desk, workspace: Workspace, digest: str):
    with pytest.raises(InvalidError) as refused:
        desk.read(lambda s: s.snapshots.missing(workspace.id, [digest], caller=ALICE))
    assert refused.value.code == "InvalidDigest"


def test_at_most_ten_thousand_digests_are_asked_for(desk: Desk, workspace: Workspace):
    with pytest.raises(InvalidError, match="10001"):
        desk.read(lambda s: s.snapshots.missing(workspace.id, [DIGEST] * 10_001, caller=ALICE))


def test_equal_folders_are_one_snapshot(desk: Desk, workspace: Workspace):
    note(desk, workspace)
    files = (FileEntry("b.py", DIGEST, 3), FileEntry("a.py", DIGEST, 3, executable=True))
    first = create(desk, workspace, *files)
    assert create(desk, workspace, *reversed(files)) == first
    assert [file.path for file in first.files] == ["a.py", "b.py"]
    assert desk.read(lambda s: s.snapshots.get(workspace.id, first.id, caller=ALICE)) == first
    file = desk.read(lambda s: s.snapshots.get_file(workspace.id, first.id, "a.py", caller=ALICE))
    assert file == files[1]
    with pytest.raises(NotFoundError, match=r"c\.py"):
        desk.read(lambda s: s.snapshots.get_file(workspace.id, first.id, "c.py", caller=ALICE))


def test_c62_an_empty_folder_is_refused(desk: Desk, workspace: Workspace):
    with pytest.raises(InvalidError) as refused:
        create(desk, workspace)
    assert refused.value.code == "SnapshotEmpty"


def test_c63_too_many_files_are_refused(desk: Desk, workspace: Workspace):
    with pytest.raises(TooLargeError, match="100001 files"):
        create(desk, workspace, *[FileEntry("a", DIGEST, 3)] * 100_001)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (FileEntry("a", OTHER, 3), "BlobMissing"),
        (FileEntry("a", DIGEST, 4), "SizeMismatch"),
        (FileEntry("../a", DIGEST, 3), "InvalidPath"),
        (FileEntry("a", "x", 3), "InvalidDigest"),
        (FileEntry("a", DIGEST, -1), "InvalidSize"),
        (FileEntry("OK", DIGEST, 3), "DuplicatePath"),
    ],
)
def test_files_against_the_rules_are_refused(
    desk: Desk, workspace: Workspace, file: FileEntry, code: str
):
    note(desk, workspace)
    with pytest.raises(ZaffreError) as refused:
        create(desk, workspace, FileEntry("ok", DIGEST, 3), file)
    assert refused.value.code == code


def test_a28_a_workspace_cannot_name_bytes_that_another_was_sent(desk: Desk, workspace: Workspace):
    note(desk, workspace)
    snapshot = create(desk, workspace, FileEntry("a", DIGEST, 3))
    other = desk.workspace("other")
    with pytest.raises(PreconditionError, match=f"`a` {DIGEST}"):
        create(desk, other, FileEntry("a", DIGEST, 3))
    with pytest.raises(NotFoundError):
        desk.read(lambda s: s.snapshots.get(other.id, snapshot.id, caller=ALICE))
