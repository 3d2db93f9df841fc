"""Names of files, and the patterns that choose among them."""

import random
import re
import time

import pytest
from zaffre.domain.data_files import (
    check_folder,
    check_pattern,
    check_prefix,
    check_read_path,
    check_written_path,
)
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre_sdk.data.patterns import Pattern

PATHS = ["a.csv", "b", "a/b.csv", "a/b/c.csv", "ab/c", "a/.hidden", "x/y/z/1.csv", "x/y/2.csv"]


def plainly(pattern: str, path: str) -> bool:
    """Say the same by a regular expression, however long that takes."""
    parts = [part for part in pattern.split("/") if part]
    if parts[-1:] == ["**"]:
        parts.append("*")
    text = ""
    for part in parts:
        text += "(?:[^/]+/)*" if part == "**" else re.escape(part).replace(r"\*", "[^/]*") + "/"
    return re.fullmatch(text, f"{path}/") is not None


def test_patterns_choose_what_the_plain_rule_chooses():
    chance = random.Random(1)  # noqa: S311 - no secret
    parts = ["*", "**", "a", "b", "*.csv", "a*", "*b*", "x", "y", "c", "c.csv", "1*v", "**x"]
    chosen = 0
    for _ in range(4000):
        pattern = "/".join(chance.choices(parts, k=chance.randint(1, 5)))
        if "*" not in pattern:
            continue
        for path in PATHS:
            assert Pattern(pattern).matches(path) == plainly(pattern, path), (pattern, path)
            chosen += Pattern(pattern).matches(path)
    assert chosen > 500


@pytest.mark.parametrize(
    ("text", "base", "is_plain"),
    [
        ("", "", True), ("/", "", True), ("a/b", "a/b", True), ("/a//b/", "a/b", True),
        ("a/*/c", "a", False), ("*", "", False), ("a/b*", "a", False), ("./a/**", "a", False),
    ],
)  # fmt: skip
def test_where_everything_lies_that_matches(text, base, is_plain):
    pattern = Pattern(text)
    assert (pattern.base, pattern.is_plain) == (base, is_plain)


@pytest.mark.parametrize(
    "text", ["**/*a*/" * 50 + "b", "**/" * 600 + "b", "*a" * 99 + "*b", "**/a/" * 400 + "b"]
)
def test_the_time_of_a_pattern_is_bounded(text):
    """Longest paths and worst patterns: the processor's time, as others use the machine, too."""
    pattern = Pattern(check_pattern(text))
    began = time.process_time()
    for path in ("/".join(["a"] * 1000), "/".join(["a" * 200] * 10), "a" * 2000):
        assert not pattern.matches(path)
    assert time.process_time() - began < 0.3


@pytest.mark.parametrize("text", ["../a/*", "a/../*", "*" * 3000, "a\0*", "*a" * 101])
def test_a10_patterns_that_climb_or_take_long_are_refused(text):
    with pytest.raises(InvalidError) as caught:
        check_pattern(text)
    assert caught.value.code == "InvalidPath"


def test_what_others_named_can_be_read_though_not_written():
    for path in ("2020-01-01T00:00:00.csv", "ends with dot.", "a\\b", "con", "e\u0301"):
        assert check_read_path(path) == path
    with pytest.raises(InvalidError):
        check_written_path("2020-01-01T00:00:00.csv")
    assert check_written_path("e\u0301") == "\u00e9"


@pytest.mark.parametrize("path", ["", "/a", "a//b", "..", "a/..", "a\0", "\ud800", "x" * 3000])
def test_a05_a10_what_climbs_is_refused(path):
    for check in (check_read_path, check_written_path):
        with pytest.raises(InvalidError, match="not allowed"):
            check(path)


def test_what_is_the_house_s_own_is_hidden():
    for check in (check_read_path, check_prefix):
        with pytest.raises(NotFoundError):
            check("a/.zaffre-parts/x")
    with pytest.raises(InvalidError, match=r"\.zaffre-"):
        check_folder(".zaffre-parts")
    assert check_prefix("/a/b") == "a/b"
    assert check_prefix("a/") == "a/"
    assert check_folder("") == ""
