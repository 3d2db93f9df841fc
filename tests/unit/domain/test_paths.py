import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from zaffre.domain.errors import InvalidError
from zaffre.domain.paths import MAX_PATH_BYTES, check_distinct, check_path

BAD = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "/windows/win.ini",
    "a//b",
    "a/",
    "a/./b",
    "a/../b",
    "../a",
    r"\..\..\x",
    r"..\x",
    r"a\b",
    "C:x",
    "C:/x",
    "a:stream",
    r"\\h\s",
    "//h/s",
    "trailing.",
    "trailing ",
    "a ./b",
    "...",
    "CON",
    "con.txt",
    "a/NUL",
    "Com1.log.gz",
    "LPT9",
    "a\0b",
    "a\nb",
    "\x1b[31m",
    "half\ud800",
    "x" * 256,
    "é" * 128,
    "a/" * 1024 + "a",
]
GOOD = [
    "a",
    "outputs/model.pkl",
    "a b/c",
    ".hidden/..a",
    "a..b",
    "console.txt",
    "com10",
    "é/\U0001f600",
    "x" * 255,
    "~user/%2e%2e",
    "a" + "/b" * 1023,
]


@pytest.mark.parametrize("path", BAD, ids=ascii)
def test_a05_refuses_what_means_something_else_somewhere(path: str):
    with pytest.raises(InvalidError) as caught:
        check_path(path, target="here")

    assert (caught.value.code, caught.value.target) == ("InvalidPath", "here")
    assert caught.value.message.isprintable()
    assert caught.value.hint


@pytest.mark.parametrize("path", GOOD, ids=ascii)
def test_a05_accepts_plain_paths(path: str):
    assert check_path(path) == path


def test_joins_characters_that_are_written_apart():
    assert check_path("e\u0301") == "\u00e9"


WILD = st.text(st.sampled_from("./\\: \0aCcOoNn1é~\u0301\t"), max_size=30) | st.text()


@given(WILD)
@example("a/..\u0301")
def test_a05_no_accepted_path_climbs_on_any_system(path: str):
    try:
        checked = check_path(path)
    except InvalidError:
        return
    posix, windows = PurePosixPath(checked), PureWindowsPath(checked)
    for pure in (posix, windows):
        assert not pure.is_absolute()
        assert not pure.anchor
        assert ".." not in pure.parts
        assert pure.as_posix() == checked
    assert posix.parts == windows.parts
    assert not windows.is_reserved()
    assert not any(part.endswith((".", " ")) for part in posix.parts)
    assert "\0" not in checked
    assert len(checked.encode()) <= MAX_PATH_BYTES
    assert unicodedata.is_normalized("NFC", checked)
    assert check_path(checked) == checked


@given(WILD, st.sampled_from(["\\", ":", "\0", "/../", "/./", "//"]), WILD)
def test_a05_nothing_around_it_makes_a_bad_part_good(before: str, bad: str, after: str):
    # A combining mark behind a dot makes a character of its own.
    assume(not after[:1] or not unicodedata.combining(after[0]))
    with pytest.raises(InvalidError):
        check_path(before + bad + after)


def test_refuses_paths_that_differ_by_case_alone():
    check_distinct(["a", "b", "a/b"])
    for pair in (["a/B", "a/b"], ["straße", "STRASSE"], ["a", "a"]):
        with pytest.raises(InvalidError) as caught:
            check_distinct(pair)
        assert caught.value.code == "DuplicatePath"
        assert all(f"`{path}`" in caught.value.message for path in pair)
