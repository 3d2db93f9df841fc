import pytest
from zaffre.domain.errors import InvalidError
from zaffre.domain.files import FileEntry, check_digest, check_files

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "digest",
    ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, " " + "0" * 63, "0" * 64 + "\n", "\u0660" * 64],
    ids=ascii,
)
def test_refuses_what_is_no_digest(digest: str):
    with pytest.raises(InvalidError) as caught:
        check_digest(digest, target="here")
    assert (caught.value.code, caught.value.target) == ("InvalidDigest", "here")


def test_accepts_a_digest():
    assert check_digest(DIGEST) == DIGEST


def test_orders_files_by_path_and_normalises_them():
    files = [FileEntry(path, DIGEST, 0) for path in ("b", "a/e\u0301", "B/c", "a")]

    assert [file.path for file in check_files(files)] == ["B/c", "a", "a/\u00e9", "b"]
    assert check_files([]) == ()


def test_keeps_size_and_mode():
    file = FileEntry("run.sh", DIGEST, 2**50, executable=True)

    assert check_files([file]) == (file,)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([FileEntry("../a", DIGEST, 0)], "InvalidPath"),
        ([FileEntry("a", "x", 0)], "InvalidDigest"),
        ([FileEntry("a", DIGEST, -1)], "InvalidSize"),
        ([FileEntry("a", DIGEST, 0), FileEntry("A", DIGEST, 0)], "DuplicatePath"),
        ([FileEntry("e\u0301", DIGEST, 0), FileEntry("\u00e9", DIGEST, 0)], "DuplicatePath"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refuses_sets_that_break_a_rule(files: list[FileEntry], code: str):
    with pytest.raises(InvalidError) as caught:
        check_files(files, target="there")
    assert (caught.value.code, caught.value.target) == (code, "there")
