"""What a source folder leaves out: `.amlignore`, `.gitignore` and what is never source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

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

    layers: tuple[tuple[str, GitIgnoreSpec], ...]
    aml: bool = False

    @classmethod
    def of_root(cls, folder: Path) -> IgnoreRules:
        """Return the rules of a source folder."""
        return cls((("", _spec(DEFAULT_PATTERNS)),)).below(folder, "")

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
        return self._decision(path)

    def ignores_folder(self, folder: Path, path: str) -> bool:
        """Tell whether a folder is left out with everything in it."""
        if folder.name == ".git" or self._decision(f"{path}/"):
            return True
        return bool(self.layers) and _is_file(folder / _ENVIRONMENT_MARK)

    def _decision(self, path: str) -> bool:
        for prefix, spec in reversed(self.layers):
            decided = spec.check_file(path[len(prefix) :]).include
            if decided is not None:
                return decided
        return False


def no_rules() -> IgnoreRules:
    """Return rules that leave nothing out."""
    return IgnoreRules((), aml=True)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # A folder that may not be entered; reading it will say so.


def _read(path: Path) -> GitIgnoreSpec:
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise SourceError(f"`{path}` cannot be read: {error.strerror}.") from error
    return _spec(portable(text).splitlines())


def _spec(lines: tuple[str, ...] | list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 (importing the client stays cheap)

    return GitIgnoreSpec.from_lines(lines)
