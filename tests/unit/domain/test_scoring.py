import pytest
from zaffre.domain.scoring import key_digest, sign_token, signing_secret, token_expiry

SECRET = signing_secret("e1", ("primary", "secondary"))


def test_a_token_opens_until_it_expires():
    assert token_expiry(SECRET, sign_token(SECRET, 1234)) == 1234


@pytest.mark.parametrize(
    "other",
    [
        signing_secret("e2", ("primary", "secondary")),
        signing_secret("e1", ("renewed", "secondary")),
        signing_secret("e1", ("primary", "renewed")),
    ],
)
def test_a33_a_token_dies_with_either_key_and_opens_one_endpoint(other):
    assert token_expiry(SECRET, sign_token(other, 1234)) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "zst",
        "zst..",
        "zst.9999999999.",
        "zst.-1.00",
        "zst.\u0661.00",
        "zst.1234.\u00e9\ud800",
        "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9.",
        "x" * 1_000_000,
        sign_token(SECRET, 1234).replace("1234", "9999"),
        sign_token(SECRET, 1234) + "0",
    ],
)
def test_a36_what_is_no_token_opens_nothing(token):
    assert token_expiry(SECRET, token) is None


def test_keys_are_compared_by_digests_of_one_length():
    assert {len(key_digest(key)) for key in ("", "a", "\ud800" * 99)} == {32}
