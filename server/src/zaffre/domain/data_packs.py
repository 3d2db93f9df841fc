"""Many small files of a datastore in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zaffre.domain.errors import InvalidError, TooLargeError

MAX_FILES: Final = 128
"""A disk has them all open at once, to be told once to keep them."""
MAX_BYTES: Final = 8 << 20
"""A pack is held in memory, on its way there as on its way back."""


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file that is to be written."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file that is to be read.

    Attributes:
        mark: The one that it had when it was looked at; any will do when it is empty.
    """

    path: str
    mark: str = ""


def check_pack(files: Sequence[object]) -> None:
    """Refuse more files than go together.

    Raises:
        InvalidError: `PackTooLong`.
    """
    if len(files) > MAX_FILES:
        raise InvalidError(
            "PackTooLong",
            f"There are {len(files)} files in one pack.",
            target="files",
            hint=f"Put up to {MAX_FILES} into each.",
        )


class Weight:
    """How much of a pack there is so far."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, size: int) -> None:
        """Count a file.

        Raises:
            TooLargeError: `PackTooLarge`.
        """
        self._bytes += size
        if self._bytes > MAX_BYTES:
            raise TooLargeError(
                "PackTooLarge",
                f"The files together are larger than {MAX_BYTES} bytes.",
                target="files",
                hint="Ask for fewer of them at once, and for large ones alone.",
            )
