import unicodedata

from zaffre.domain.labels import add_properties, change_tags

COMPOSED = unicodedata.normalize("NFC", "caf\u00e9")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def test_a_tag_is_removed_and_replaced_however_its_name_is_composed():
    assert change_tags({COMPOSED: "1", "other": "2"}, {DECOMPOSED: None}) == {"other": "2"}
    assert change_tags({COMPOSED: "1"}, {DECOMPOSED: "2"}) == {COMPOSED: "2"}


def test_a_property_is_added_once_however_its_name_is_composed():
    assert add_properties({COMPOSED: "1"}, {DECOMPOSED: "1"}) == {COMPOSED: "1"}
