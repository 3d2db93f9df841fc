"""Sets of local files that are to be sent: source folders and models."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from zaffre_sdk.errors import SourceError
from zaffre_sdk.files.digests import DigestCache, file_digest
from zaffre_sdk.files.entries import LocalFile, local_bytes
from zaffre_sdk.files.ignores import IgnoreRules, no_rules
from zaffre_sdk.files.paths import portable
from zaffre_sdk.files.walking import Found, Walk
from zaffre_sdk.home import Home
from zaffre_sdk.wire.files import FileEntry

__all__ = ["LocalFile", "SourceFiles", "local_bytes", "model_files"]

LIMIT_VARIABLE = "ZAFFRE_SNAPSHOT_LIMIT"
DEFAULT_LIMIT_BYTES = 2 * 1000**3
LIMIT_FILES = 100_000
_OFFENDERS = 5
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", re.IGNORECASE)


class SourceFiles:
    """The files of a source folder, less what its ignore files leave out.

    `.git`, `__pycache__`, `.ipynb_checkpoints`, `.env` and virtual environments never go along
    unless an ignore file takes them back in (the first and the last of them never).
    """

    def __init__(self, folder: Path, *, home: Home | None = None) -> None:
        self._folder = folder
        self._home = home or Home.default()

    def collect(self) -> list[LocalFile]:
        """Return the files with their digests, by path.

        Raises:
            SourceError: The folder is missing, empty or too large, or something in it cannot be
                sent; the message says which and what to do.
        """
        folder = self._folder
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise SourceError(f"The source folder `{folder.absolute()}` {what}.")
        found = list(Walk(folder, IgnoreRules.of_root(folder)).files())
        if not found:
            raise SourceError(
                f"The source folder `{folder.absolute()}` has no files to send: it is empty, or "
                "its .amlignore or .gitignore leaves everything out."
            )
        check_limits(folder, found, limit=limit_bytes(os.environ))
        return _hashed(folder, found, self._home)


def model_files(source: Path, *, home: Home | None = None) -> list[LocalFile]:
    """Return the files of a model: a file by its name, a folder under its own name.

    Raises:
        SourceError: There is nothing there, or it cannot be read.
    """
    if source.is_file():
        stat = source.stat()
        digest = file_digest(source, stat)
        return [_local(Found(portable(source.name), source, stat), digest)]
    if not source.is_dir():
        raise SourceError(f"The model path `{source.absolute()}` does not exist.")
    prefix = f"{source.resolve().name}/"
    found = list(Walk(source, no_rules()).files())
    if not found:
        raise SourceError(f"The model folder `{source.absolute()}` is empty.")
    hashed = _hashed(source, found, home or Home.default())
    return [_moved(file, prefix) for file in hashed]


def limit_bytes(environment: Mapping[str, str]) -> int:
    """Return how large a source folder may be; `ZAFFRE_SNAPSHOT_LIMIT` sets it, as in `5GB`.

    Raises:
        SourceError: The setting is not an amount.
    """
    text = environment.get(LIMIT_VARIABLE, "")
    if not text:
        return DEFAULT_LIMIT_BYTES
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        raise SourceError(f"{LIMIT_VARIABLE} is `{text}`; write an amount, such as `5GB`.")
    return int(float(amount[1]) * _UNITS[amount[2].lower()])


def check_limits(folder: Path, files: Sequence[Found], *, limit: int) -> None:
    """Refuse a folder that is certainly a mistake, before anything is read or sent.

    Raises:
        SourceError: With the largest files or folders, and what to do.
    """
    size = sum(file.stat.st_size for file in files)
    if size <= limit and len(files) <= LIMIT_FILES:
        return
    lines = "\n".join(
        f"  {_shown(amount, size > limit)}  {path}"
        for path, amount in (_offenders(files, by_size=size > limit))
    )
    allowed = f"{_megabytes(limit)} (set {LIMIT_VARIABLE} to allow more)"
    raise SourceError(
        f"The source folder `{folder.absolute()}` has {_megabytes(size)} in {len(files):,} files; "
        f"at most {allowed} and {LIMIT_FILES:,} files are sent. Most are here:\n{lines}\n"
        "Name what the script does not need in a file `.amlignore` in that folder, a pattern a "
        "line as in .gitignore."
    )


def _offenders(files: Sequence[Found], *, by_size: bool) -> list[tuple[str, int]]:
    amounts: dict[str, int] = {}
    for file in files:
        name = file.path if by_size else f"{file.path.rpartition('/')[0] or '.'}/"
        amounts[name] = amounts.get(name, 0) + (file.stat.st_size if by_size else 1)
    return sorted(amounts.items(), key=lambda item: -item[1])[:_OFFENDERS]


def _shown(amount: int, is_size: bool) -> str:  # noqa: FBT001 (private, one caller)
    return f"{_megabytes(amount):>12}" if is_size else f"{amount:>8,} files"


def _megabytes(size: int) -> str:
    return f"{size / 1000**2:,.1f} MB"


def _hashed(folder: Path, found: Sequence[Found], home: Home) -> list[LocalFile]:
    _check_twins(found)
    digests = DigestCache(home.cache_path, folder).digests(found)
    return [_local(file, digests[index]) for index, file in enumerate(found)]


def _check_twins(found: Sequence[Found]) -> None:
    """Refuse two names that are the same text in two spellings of Unicode: one would be lost."""
    seen: dict[str, Path] = {}
    for file in found:
        twin = seen.setdefault(file.path, file.source)
        if twin != file.source:
            raise SourceError(
                f"{str(twin)!a} and {str(file.source)!a} are the same name in two "
                "spellings of Unicode. Rename or remove one, or name it in .amlignore."
            )


def _local(file: Found, digest: str) -> LocalFile:
    entry = FileEntry(
        path=file.path,
        digest=digest,
        size=file.stat.st_size,
        executable=bool(file.stat.st_mode & 0o100),
    )
    return LocalFile(entry, file.source)


def _moved(file: LocalFile, prefix: str) -> LocalFile:
    entry = file.entry
    moved = FileEntry(
        path=prefix + entry.path,
        digest=entry.digest,
        size=entry.size,
        executable=entry.executable,
    )
    return LocalFile(moved, file.source)
