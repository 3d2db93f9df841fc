"""Bytes by their content."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
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

    async def keep(self, data: bytes, *, expected: str | None = None) -> tuple[str, int]:
        """Take small bytes and return their digest and size.

        They can be read at once, and are durable only after `secure`: whoever acknowledges them
        must have them elsewhere until then. Bytes that were there before are not put at risk.

        Raises:
            PreconditionError: `DigestMismatch`, when `expected` is given and differs.
            StorageFullError: `StorageFull`.
        """

    async def settle(self) -> None:
        """Bring what was kept to where the next server finds it, though not durably.

        Raises:
            StorageFullError: `StorageFull`.
        """

    def secure(self, digests: Iterable[str]) -> AbstractAsyncContextManager[set[str]]:
        """Make what was kept durable, and give the digests of what is.

        None of it is removed until the context is left, so that whoever has it elsewhere can let
        go of it there. What has no file any more is left out.

        Raises:
            StorageFullError: `StorageFull`.
        """

    def open(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Stream the bytes, or a part of them; a part is not verified.

        Raises:
            NotFoundError: `BlobNotFound`, before the first chunk.
        """

    async def small(self, digest: str) -> bytes | None:
        """Return the bytes, verified, if they are few; None when they are to be streamed.

        Raises:
            NotFoundError: `BlobNotFound`.
            PreconditionError: `DigestMismatch`.
        """

    async def size(self, digest: str) -> int:
        """Return how many bytes there are; raises `BlobNotFound`."""

    async def copy_to(self, digest: str, path: Path) -> None:
        """Write the bytes, verified, to a new file of this machine."""

    async def verify(self, digest: str) -> bool:
        """Tell whether the blob is there and its bytes match."""

    async def remove(
        self,
        digests: Iterable[str],
        *,
        untouched_for: float,
        confirm: Callable[[list[str]], Awaitable[Iterable[str]]],
    ) -> dict[str, int]:
        """Remove blobs that nothing names any more; return what went, with the sizes.

        Who stores bytes gives them their name only after `put` has returned, so that they have
        none for a moment. Two things keep them: what was put in the last `untouched_for` seconds
        stays, and between the moment when the age is read and the removal no `put` of the same
        bytes returns. In between `confirm` is given those that are old enough, and returns those
        that have no name; where it looks must be what a name is written to.

        One that is not there counts as removed, with 0 bytes.
        """

    def untouched(self, seconds: float) -> AsyncIterator[list[str]]:
        """Yield, in slices, the digests of all blobs that were not put for so long."""
