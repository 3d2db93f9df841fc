"""Secrets encrypted by AES-256-GCM (NIST SP 800-38D) with a key of the home."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zaffre.domain.errors import PreconditionError

_NONCE_BYTES: Final = 12
# The first byte names the way of sealing, so that another one can come beside it.
_VERSION: Final = b"\x01"


class AesVault:
    """Implements `ports.vaults.Vault`.

    Args:
        key: 32 bytes, as hexadecimal digits.
    """

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(bytes.fromhex(key))

    def seal(self, value: bytes, *, purpose: str) -> bytes:
        """Return the value encrypted."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, value, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return the value."""
        nonce, data = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _VERSION:
            raise _unreadable("it was written by a newer zaffre")
        try:
            return self._cipher.decrypt(nonce, data, purpose.encode())
        except (InvalidTag, ValueError) as error:
            reason = "the key of this home is not the one it was written with"
            raise _unreadable(reason) from error


def _unreadable(reason: str) -> PreconditionError:
    return PreconditionError(
        "SecretUnreadable",
        f"The secret cannot be decrypted: {reason}.",
        target="vault.key",
        hint="Restore the file `vault.key` of the home, or set the secret again.",
    )
