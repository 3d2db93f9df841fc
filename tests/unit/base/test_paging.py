import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.base.paging import ForgedContinuationError, paging_key, seal, unseal

KEY = paging_key("a secret of the home")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_what_was_sealed_is_opened(place: str, query: str):
    assert unseal(seal(place, query=query, key=KEY), query=query, key=KEY) == place


@given(TEXT, st.integers(min_value=0), st.characters(codec="ascii"))
def test_c25_a_changed_token_is_not_opened(place: str, index: int, character: str):
    token = seal(place, query="q", key=KEY)
    at = index % len(token)
    forged = token[:at] + character + token[at + 1 :]
    if forged != token:
        with pytest.raises(ForgedContinuationError):
            unseal(forged, query="q", key=KEY)


@pytest.mark.parametrize("token", ["", "a", "é", "====", "\x00", "A" * 16, "a" * 100_000])
def test_c25_what_is_no_token_is_not_opened(token: str):
    with pytest.raises(ForgedContinuationError):
        unseal(token, query="q", key=KEY)


def test_c25_a_token_of_another_query_or_home_is_not_opened():
    token = seal("place", query="q", key=KEY)
    with pytest.raises(ForgedContinuationError):
        unseal(token, query="q2", key=KEY)
    with pytest.raises(ForgedContinuationError):
        unseal(token, query="q", key=paging_key("another secret"))
