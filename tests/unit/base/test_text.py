import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.base.text import SHOWN_LENGTH, closest, printable, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("abc", "`abc`"),
        ("", "``"),
        ("é \U0001f600", "`é \U0001f600`"),
        (7, "`7`"),
        (None, "`None`"),
        ("a\nb\x1b[0m\0", r"`a\nb\x1b[0m\x00`"),
        ("\u202eabc", r"`\u202eabc`"),
        ("\ud800", r"`\ud800`"),
        ("x" * 100, f"`{'x' * 100}`"),
        ("x" * 101, f"`{'x' * 100}…`"),
    ],
    ids=ascii,
)
def test_shows_foreign_text(value: object, expected: str):
    assert shown(value) == expected


@given(st.text(st.characters()))
def test_what_is_shown_is_printable_and_short(text: str):
    result = shown(text)

    assert result.isprintable()
    assert len(result) <= SHOWN_LENGTH + len("`…`")
    result.encode()


def test_what_is_written_to_a_terminal_stays_on_its_line():
    assert printable("é [31m\x1b[31m\n" + "x" * 200) == r"é [31m\x1b[31m\n" + "x" * 200


def test_guesses_what_was_meant():
    assert closest("experimnt", ["experiment", "run"]) == "experiment"
    assert closest("zzz", iter(["experiment", "run"])) is None
    assert closest("a", []) is None
    assert closest("x" * 200 + "/train.pyy", ["x" * 200 + "/train.py"]) == "x" * 200 + "/train.py"


def test_guessing_looks_at_few_of_many_names():
    looked_at = 0

    def many():
        nonlocal looked_at
        for number in range(100_000):
            looked_at += 1
            yield f"source/module_{number}.py"

    assert closest("source/module_7.pyy", many()) == "source/module_7.py"
    assert looked_at < 1000
