"""Files of pip requirements, with those that they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from azureml.core import _yaml
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES_A_FILE = re.compile(r"(?:-r|--requirement)(?:\s+|=|(?<=-r))\s*(?P<file>\S.*)")
_COMMENT = re.compile(r"(?:^|\s+)#.*$")


def read_requirements(path: str | Path) -> list[str]:
    """Return the requirements and options of a file, and of the files that it names.

    Raises:
        UserErrorException: A file cannot be read, or names itself.
    """
    return _read(Path(path), ())


def expanded(lines: Iterable[str], folder: Path) -> list[str]:
    """Return lines of a pip section, in place of `-r file` the lines of that file.

    Args:
        lines: The section.
        folder: Where the file lies that holds it.
    """
    return _expanded(lines, folder, ())


def _read(path: Path, above: tuple[Path, ...]) -> list[str]:
    if path.resolve() in above:
        raise UserErrorException(f"The requirements file `{path}` names itself.")
    text = _yaml.read_text(path, "requirements file").replace("\\\n", " ")
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    return _expanded(filter(None, lines), path.parent, (*above, path.resolve()))


def _expanded(lines: Iterable[str], folder: Path, above: tuple[Path, ...]) -> list[str]:
    found: list[str] = []
    for line in lines:
        named = _NAMES_A_FILE.fullmatch(line.strip())
        if named is None:
            found.append(line)
        else:
            found += _read(folder / named["file"].strip("\"'"), above)
    return found
