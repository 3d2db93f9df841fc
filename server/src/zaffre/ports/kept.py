"""The store of small bytes on their way to the disk; see `ports.stores` for what holds for all."""

from collections.abc import Sequence
from typing import Protocol


class KeptStore(Protocol):
    """Small bytes whose file may not be on the disk yet.

    They are stored in the transaction that names them, which is durable with one wait for the
    disk that many share; a file of its own would take two or three.
    """

    def add(self, digest: str, data: bytes) -> None:
        """Hold bytes until their file is on the disk."""

    def list(self, *, limit: int) -> list[str]:
        """Return digests of what is held."""

    def page(self, *, limit: int, after: str) -> Sequence[tuple[str, bytes]]:
        """Return what is held by digest, behind the digest `after`."""

    def remove(self, digests: Sequence[str]) -> None:
        """Let go of what is on the disk."""
