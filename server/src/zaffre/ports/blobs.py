"""Bytes by their content."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Blobs(Protocol):
    """Content-addressed bytes.

    Contract: `put` makes nothing visible until every byte is durable under its digest; equal
    bytes are kept once; an upload that ends early leaves nothing. Memory use is constant in the
    size of a blob. `open` verifies: bytes that no longer match raise `PreconditionError`
    `DigestMismatch` at the latest behind the last chunk, so that a reader never takes them for
    whole.
    """

    async def put(
        self,
        chunks: AsyncIterator[bytes],
        *,
        expected: str | None = None,
        limit: int | None = None,
    ) -> tuple[str, int]:
        """Store a stream and return its digest and size.

        Raises:
            PreconditionError: `DigestMismatch`, when `expected` is given and differs.
            TooLargeError: `BlobTooLarge`, when there are more than `limit` bytes.
            StorageFullError: `StorageFull`.
        """

    def open(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Stream the bytes, or a part of them; a part is not verified.

        Raises:
            NotFoundError: `BlobNotFound`, before the first chunk.
        """

    async def size(self, digest: str) -> int:
        """Return how many bytes there are; raises `BlobNotFound`."""

    async def copy_to(self, digest: str, path: Path) -> None:
        """Write the bytes, verified, to a new file of this machine."""

    async def verify(self, digest: str) -> bool:
        """Tell whether the blob is there and its bytes match."""
