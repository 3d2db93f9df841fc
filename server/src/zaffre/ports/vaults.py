"""Keeping secrets unreadable at rest."""

from typing import Protocol


class Vault(Protocol):
    """Encrypts and authenticates small values with a key that is not in the database.

    What was sealed for one purpose cannot be opened for another, so that rows cannot be swapped.
    """

    def seal(self, value: bytes, *, purpose: str) -> bytes:
        """Return the value encrypted."""

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return the value.

        Raises:
            PreconditionError: `SecretUnreadable`, when the key is another one or the bytes were
                changed.
        """
