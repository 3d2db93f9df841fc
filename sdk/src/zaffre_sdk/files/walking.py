"""The files of a folder in a stable order, links followed only inside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zaffre_sdk.errors import SourceError
from zaffre_sdk.files.ignores import IgnoreRules
from zaffre_sdk.files.paths import broken_rule, portable


@dataclass(frozen=True)
class Found:
    """A file that was found.

    Attributes:
        path: From the folder, with forward slashes.
        source: Where it is.
        stat: As it was found, links followed.
    """

    path: str
    source: Path
    stat: os.stat_result


class Walk:
    """Goes through a folder."""

    def __init__(self, root: Path, rules: IgnoreRules) -> None:
        self._root = root
        self._real_root = root.resolve()
        self._rules = rules

    def files(self) -> Iterator[Found]:
        """Yield every regular file that the rules do not leave out, by folder and name.

        Raises:
            SourceError: A link leaves the folder, points nowhere or loops; a name that other
                systems cannot have; something that cannot be read.
        """
        yield from self._folder(self._root, "", self._rules, (self._real_root,))

    def _folder(
        self, folder: Path, prefix: str, rules: IgnoreRules, above: tuple[Path, ...]
    ) -> Iterator[Found]:
        for entry in _entries(folder):
            path = portable(prefix + entry.name)
            source = Path(entry.path)
            is_folder = _is_folder(entry)
            # Ignored links may point anywhere: nothing of them is sent.
            if rules.ignores_folder(source, path) if is_folder else rules.ignores_file(path):
                continue
            if entry.is_symlink():
                self._check_link(source)
            if is_folder:
                real = source.resolve()
                _check_loop(source, real, above)
                inner = rules.below(source, f"{path}/")
                yield from self._folder(source, f"{path}/", inner, (*above, real))
            else:
                yield from _found(path, source)

    def _check_link(self, link: Path) -> None:
        try:
            real = link.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            raise SourceError(
                f"The link `{link}` points to `{link.readlink()}`, which does not exist. Remove "
                "it, or name it in .amlignore."
            ) from None
        except (RuntimeError, OSError) as error:
            raise SourceError(
                f"The link `{link}` points to `{link.readlink()}` and leads nowhere: {error}. "
                "Remove it, or name it in .amlignore."
            ) from None
        if not real.is_relative_to(self._real_root):
            raise SourceError(
                f"The link `{link}` points to `{real}`, outside of `{self._root}`. Copy what it "
                "points to into the folder, or name the link in .amlignore."
            )


def _check_loop(folder: Path, real: Path, above: tuple[Path, ...]) -> None:
    if real in above:
        raise SourceError(
            f"The link `{folder}` points to `{real}`, a folder that it lies in itself. Remove it, "
            "or name it in .amlignore."
        )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []  # It went away meanwhile.
    except OSError as error:
        raise SourceError(f"`{folder}` cannot be read: {error.strerror}.") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # A link that leads nowhere.


def _found(path: str, source: Path) -> Iterator[Found]:
    """Yield a regular file; anything else, and what went away meanwhile, is none."""
    try:
        # The entry of the folder would know less: on Windows it has neither inode nor change time.
        status = source.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"`{source}` cannot be read: {error.strerror}.") from error
    if stat.S_ISREG(status.st_mode):
        yield Found(_checked(path), source, status)


def _checked(path: str) -> str:
    rule = broken_rule(path)
    if rule is not None:
        shown = path.encode("utf-8", "backslashreplace").decode()
        raise SourceError(
            f"The path `{shown}` {rule}, which other systems cannot have. Rename it, or name it "
            "in .amlignore."
        )
    return path
