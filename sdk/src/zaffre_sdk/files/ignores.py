"""What a source folder leaves out: `.amlignore`, `.gitignore` and what is never source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec, Pattern

from zaffre_sdk.errors import SourceError
from zaffre_sdk.files.paths import portable

AML_IGNORE = ".amlignore"
GIT_IGNORE = ".gitignore"

# Left out unless an ignore file takes them back in with `!`: caches, and the usual place of
# secrets.
DEFAULT_PATTERNS = ("__pycache__/", "*.py[co]", ".ipynb_checkpoints/", ".env", ".DS_Store")
# A virtual environment, whatever its name is.
_ENVIRONMENT_MARK = "pyvenv.cfg"


@dataclass(frozen=True)
class IgnoreRules:
    """The rules that hold in one folder; `below` gives those of a folder inside it.

    Rules are git's: the last pattern that fits decides, a nested file wins over an outer one, and
    what lies in an ignored folder cannot be taken back in. Where a folder has an `.amlignore`, no
    `.gitignore` counts in it or below.
    """

    layers: tuple[tuple[str, _Patterns], ...]
    aml: bool = False

    @classmethod
    def of_root(cls, folder: Path) -> IgnoreRules:
        """Return the rules of a source folder."""
        return cls((("", _patterns(DEFAULT_PATTERNS)),)).below(folder, "")

    def below(self, folder: Path, prefix: str) -> IgnoreRules:
        """Return the rules inside `folder`, whose paths begin with `prefix`."""
        if _is_file(folder / AML_IGNORE):
            # The first `.amlignore` on the way down puts the `.gitignore` files above it aside.
            layers = self.layers if self.aml else self.layers[:1]
            return IgnoreRules((*layers, (prefix, _read(folder / AML_IGNORE))), aml=True)
        if not self.aml and _is_file(folder / GIT_IGNORE):
            return IgnoreRules((*self.layers, (prefix, _read(folder / GIT_IGNORE))))
        return self

    def ignores_file(self, path: str) -> bool:
        """Tell whether a file, by its path from the source folder, is left out."""
        for prefix, patterns in reversed(self.layers):
            decided = patterns.spec.check_file(path[len(prefix) :]).include
            if decided is not None:
                return decided
        return False

    def ignores_folder(self, folder: Path, path: str) -> bool:
        """Tell whether a folder is left out with everything in it."""
        if folder.name == ".git":
            return True
        for prefix, patterns in reversed(self.layers):
            decided = patterns.decide_folder(path[len(prefix) :])
            if decided is not None:
                if decided:
                    return True
                break
        return bool(self.layers) and _is_file(folder / _ENVIRONMENT_MARK)


@dataclass(frozen=True)
class _Patterns:
    """The patterns of one ignore file.

    A library that decides about folders lets `*` win over a later `!*/`, which git does not: so
    folders are decided here.
    """

    spec: GitIgnoreSpec
    lines: tuple[tuple[str, Pattern], ...]

    def decide_folder(self, path: str) -> bool | None:
        """Return whether a folder is ignored; None when no pattern fits."""
        for line, pattern in reversed(self.lines):
            if pattern.include is None:
                continue
            names_folders = line.rstrip().endswith("/") and pattern.match_file(f"{path}/")
            if names_folders or pattern.match_file(path):
                return pattern.include
        return None


def no_rules() -> IgnoreRules:
    """Return rules that leave nothing out but `.git`."""
    return IgnoreRules((), aml=True)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # A folder that may not be entered; reading it will say so.


def _read(path: Path) -> _Patterns:
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise SourceError(f"`{path}` cannot be read: {error.strerror}.") from error
    return _patterns(portable(text).splitlines())


def _patterns(lines: Sequence[str]) -> _Patterns:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 (importing the client stays cheap)

    specs = [(line, GitIgnoreSpec.from_lines([line])) for line in lines]
    return _Patterns(
        GitIgnoreSpec([pattern for _, spec in specs for pattern in spec.patterns]),
        tuple((line, pattern) for line, spec in specs for pattern in spec.patterns),
    )
