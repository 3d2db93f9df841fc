"""What is sealed opens for its own purpose, with its own key, as it was, and not otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.adapters.vaults.aes import AesVault
from zaffre.domain.errors import PreconditionError

VAULT = AesVault("5e" * 32)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_sealed_value_opens_for_its_purpose(value: bytes, purpose: str):
    sealed = VAULT.seal(value, purpose=purpose)

    assert VAULT.open(sealed, purpose=purpose) == value
    assert VAULT.seal(value, purpose=purpose) != sealed


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_changed_bytes_are_refused(place: int):
    sealed = bytearray(VAULT.seal(b"value", purpose="p"))
    sealed[place] ^= 1

    with pytest.raises(PreconditionError, match="cannot be decrypted"):
        VAULT.open(bytes(sealed), purpose="p")


def test_other_purpose_other_key_and_less_bytes_are_refused():
    sealed = VAULT.seal(b"value", purpose="secret w a")

    for vault, data, purpose in (
        (VAULT, sealed, "secret w b"),
        (AesVault("00" * 32), sealed, "secret w a"),
        (VAULT, sealed[:10], "secret w a"),
        (VAULT, b"", "secret w a"),
    ):
        with pytest.raises(PreconditionError) as caught:
            vault.open(data, purpose=purpose)
        assert caught.value.code == "SecretUnreadable"
