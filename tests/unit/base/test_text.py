import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.base.text import SHOWN_LENGTH, closest, shown


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


def test_guesses_what_was_meant():
    assert closest("experimnt", ["experiment", "run"]) == "experiment"
    assert closest("zzz", iter(["experiment", "run"])) is None
    assert closest("a", []) is None
