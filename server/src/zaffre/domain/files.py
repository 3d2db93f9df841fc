"""Sets of files by their content: snapshots, models and the outputs of runs are made of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from zaffre.base.text import closest, shown
from zaffre.domain.errors import InvalidError, missing
from zaffre.domain.paths import check_distinct, check_path

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHOWN_FILES = 10


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a set.

    Attributes:
        path: Relative, checked.
        digest: SHA-256 of the bytes, 64 lower-case hexadecimal digits.
        size: Bytes.
        executable: Whether the owner may execute it.
    """

    path: str
    digest: str
    size: int
    executable: bool = False


def check_digest(digest: str, *, target: str = "digest") -> str:
    """Return the digest.

    Raises:
        InvalidError: `InvalidDigest`.
    """
    if not _DIGEST.fullmatch(digest):
        raise InvalidError(
            "InvalidDigest",
            f"{shown(digest)} is not a SHA-256 digest.",
            target=target,
            hint="Send 64 lower-case hexadecimal digits.",
        )
    return digest


def check_files(files: Iterable[FileEntry], *, target: str = "files") -> tuple[FileEntry, ...]:
    """Return the files ordered by path.

    Raises:
        InvalidError: `InvalidPath`, `InvalidDigest`, `InvalidSize` or `DuplicatePath`.
    """
    checked = sorted((_checked(file, target) for file in files), key=lambda file: file.path)
    check_distinct((file.path for file in checked), target=target)
    return tuple(checked)


def find_file(files: Iterable[FileEntry], path: str) -> FileEntry:
    """Return the file at that path.

    Raises:
        NotFoundError: `FileNotFound`.
    """
    for file in files:
        if file.path == path:
            return file
    raise missing("file", path)


def there_is(paths: Iterable[str], *, meant: str) -> str:
    """Return words on which files there are, and which of them was probably meant."""
    ordered = sorted(paths)
    named = ", ".join(shown(path) for path in ordered[:_SHOWN_FILES])
    rest = f" and {len(ordered) - _SHOWN_FILES} more" if len(ordered) > _SHOWN_FILES else ""
    guess = closest(meant, ordered)
    question = f"Did you mean {shown(guess)}? " if guess else ""
    return f"{question}There is: {named or 'nothing'}{rest}."


def _checked(file: FileEntry, target: str) -> FileEntry:
    if file.size < 0:
        raise InvalidError(
            "InvalidSize", f"The size of {shown(file.path)} is negative.", target=target
        )
    return FileEntry(
        check_path(file.path, target=target),
        check_digest(file.digest, target=target),
        file.size,
        file.executable,
    )
