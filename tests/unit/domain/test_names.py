import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.domain import names
from zaffre.domain.errors import InvalidError

RULES = [value for value in vars(names).values() if isinstance(value, names.NameRule)]
WORDS = [names.WORKSPACE, names.RUN, names.ENVIRONMENT]


def refused(rule: names.NameRule, name: str) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        rule.check(name)
    assert (caught.value.code, caught.value.target) == ("InvalidName", "name")
    assert rule.noun in caught.value.message
    assert rule.words in (caught.value.hint or "")
    return caught.value


@pytest.mark.parametrize("rule", WORDS, ids=lambda rule: rule.noun)
def test_words_take_letters_digits_and_joints(rule: names.NameRule):
    for name in ("a", "A-b_c.9", "_x", "0", "con", "a..b", "a."):
        assert rule.check(name) == name
    for name in ("", ".a", "-a", "a b", "a/b", "a\\b", "é", "a\n", "\0", "latest", "Health"):
        refused(rule, name)


@pytest.mark.parametrize(
    ("rule", "length"),
    [
        (names.WORKSPACE, 64),
        (names.EXPERIMENT, 500),
        (names.RUN, 255),
        (names.MODEL, 255),
        (names.ENVIRONMENT, 255),
        (names.ENDPOINT, 32),
        (names.METRIC, 255),
        (names.TAG, 255),
        (names.SCOPE, 90),
    ],
    ids=lambda value: getattr(value, "noun", None),
)
def test_names_have_a_greatest_length(rule: names.NameRule, length: int):
    assert rule.check("a" * length)
    refused(rule, "a" * (length + 1))


def test_experiments_take_nearly_everything():
    for name in ("/Users/me/My run (1)", "latest", "\U0001f600", "-a", " a"):
        assert names.EXPERIMENT.check(name) == name
    for name in ("", ".", "..", "a\nb", "\0", "\x1b[0m", "\u202e"):
        refused(names.EXPERIMENT, name)


def test_endpoints_follow_the_rule_of_azure():
    for name in ("abc", "my-endpoint-1", "A1b"):
        assert names.ENDPOINT.check(name) == name
    for name in ("ab", "1ab", "-ab", "ab-", "a_b", "a.b", "latest"):
        refused(names.ENDPOINT, name)


def test_models_take_what_a_folder_and_an_address_can_be_called():
    for name in ("my model (v2.1)", "é@home", ".hidden", "a&b=c+d", "0"):
        assert names.MODEL.check(name) == name
    for name in ("", "a/b", "a:1", "a\\b", "a?b", "a#b", "a%b", " a", "a ", "a.", "..", "latest"):
        refused(names.MODEL, name)


def test_aliases_are_no_versions():
    for name in ("champion", "A-1_b", "v", "v1a"):
        assert names.ALIAS.check(name) == name
    for name in ("", "v1", "V12", "Latest", "a.b", "a b", "a@b"):
        refused(names.ALIAS, name)


@pytest.mark.parametrize("rule", [names.METRIC, names.TAG], ids=lambda rule: rule.noun)
def test_labels_take_nearly_everything(rule: names.NameRule):
    for name in ("val loss/é@5 (%)", "latest", "\U0001f600", "a:b", "x\\y"):
        assert rule.check(name) == name
    for name in ("", "a\nb", "\x7f", "\0", "\x1b[0m"):
        refused(rule, name)


@given(st.sampled_from(RULES), st.text(max_size=300))
def test_what_passes_is_normal_printable_and_passes_again(rule: names.NameRule, name: str):
    try:
        checked = rule.check(name)
    except InvalidError:
        assert refused(rule, name).message.isprintable()
        return
    assert unicodedata.is_normalized("NFC", checked)
    assert not any(unicodedata.category(character) == "Cc" for character in checked)
    assert rule.check(checked) == checked
