"""The files of a datastore: their names, and the patterns that choose among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, PreconditionError
from zaffre.domain.paths import MAX_PATH_BYTES, check_path

HIDDEN: Final = ".zaffre-"
"""What begins so is the house's own: never listed, read or written for anybody."""
_ANY: Final = "**"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a datastore.

    Attributes:
        path: Below the datastore, with forward slashes.
        mark: Changes whenever the content does.
    """

    path: str
    size: int
    modified_at: datetime
    mark: str


def check_written_path(path: str) -> str:
    """Return the path of a file that is to be written, in Unicode form NFC.

    Raises:
        InvalidError: `InvalidPath`.
    """
    normal = check_path(path)
    if is_hidden(normal):
        raise _refused(path, f"Names that begin with `{HIDDEN}` are the server's own.")
    return normal


def check_read_path(path: str) -> str:
    """Return the path of a file that may be there already, as it is.

    Files that others wrote have names which we would not give; what climbs or is hidden is
    refused all the same.

    Raises:
        InvalidError: `InvalidPath`.
        NotFoundError: `DataFileNotFound`, for what is hidden.
    """
    if not path or len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        raise _refused(path, f"A path has 1 to {MAX_PATH_BYTES} bytes.")
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise _refused(path, "A part of it is empty or climbs.")
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in path):
        raise _refused(path, "It has a NUL or half a character.")
    if is_hidden(path):
        raise no_file(path)
    return path


def check_prefix(prefix: str) -> str:
    """Return what paths are to begin with, without slashes in front.

    Raises:
        InvalidError: `InvalidPath`.
        NotFoundError: `DataFileNotFound`, for what is hidden.
    """
    begin = prefix.lstrip("/")
    folder, _, last = begin.rpartition("/")
    if folder:
        check_read_path(folder)
    if last:
        check_read_path(last)
    return begin


def check_folder(path: str) -> str:
    """Return a relative folder; the empty one is where it begins.

    Raises:
        InvalidError: `InvalidPath`.
    """
    return check_written_path(path) if path else ""


def is_hidden(path: str) -> bool:
    """Tell whether a part of the path is the house's own."""
    return HIDDEN in path and any(part.startswith(HIDDEN) for part in path.split("/"))


def no_file(path: str) -> NotFoundError:
    """Return the error for a file that is not there."""
    return NotFoundError(
        "DataFileNotFound",
        f"There is no file {shown(path)} in the datastore.",
        target="path",
        hint="List the datastore to see what there is.",
        name=path,
    )


def file_exists(path: str) -> ConflictError:
    """Return the error for a path that is taken and was not to be overwritten."""
    return ConflictError(
        "DataFileExists",
        f"The datastore has a file {shown(path)}.",
        target="path",
        hint="Write to another path, or overwrite it: `overwrite=true`.",
        name=path,
    )


def file_changed(path: str) -> PreconditionError:
    """Return the error for a file that is not what it was when it was looked at."""
    return PreconditionError(
        "DataFileChanged",
        f"The file {shown(path)} was replaced while it was about to be read.",
        target="path",
        hint="List the datastore again, and read what is there now.",
        name=path,
    )


class Pattern:
    """Chooses files by their paths.

    `*` is anything within one name, `**` as a whole name any number of folders. A pattern without
    either means the file of that path, or all files below the folder of that path; so does one
    that ends with a slash. The time that matching takes is bounded by the product of the lengths.

    Attributes:
        text: Without slashes in front.
        base: The folder below which everything lies that matches; `""` is the topmost.
        is_plain: It is a path: of the file `base`, or of the folder `base`.
    """

    def __init__(self, text: str) -> None:
        if len(text.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES or "\0" in text:
            raise _refused(text, f"A pattern has at most {MAX_PATH_BYTES} bytes and no NUL.")
        self.text = text.lstrip("/").removeprefix("./")
        parts = [part for part in self.text.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise _refused(text, "A part of it climbs.")
        plain = next((i for i, part in enumerate(parts) if "*" in part), len(parts))
        self.is_plain = plain == len(parts)
        self.base = "/".join(parts[:plain])
        if self.text.endswith("/"):
            parts.append(_ANY)
        # A folder has files below it: in the end it stands for at least the name of one.
        self._parts = [*parts, "*"] if parts[-1:] == [_ANY] else parts

    def matches(self, path: str) -> bool:
        """Tell whether it chooses the file of that path."""
        if self.is_plain:
            return not self.base or path == self.base or path.startswith(f"{self.base}/")
        return _matches_all(path.split("/"), self._parts)


def _matches_all(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Match names with parts; only the last `**` before a mismatch has to be taken back."""
    name = part = 0
    again, tried = -1, 0
    while name < len(names):
        if part < len(parts) and parts[part] == _ANY:
            again, tried = part, name
            part += 1
        elif part < len(parts) and _matches_one(names[name], parts[part]):
            name, part = name + 1, part + 1
        elif again >= 0:
            tried += 1
            name, part = tried, again + 1
        else:
            return False
    return part == len(parts)


def _matches_one(name: str, part: str) -> bool:
    first, *between = part.split("*")
    if not between:
        return name == part
    *between, last = between
    if len(name) < len(first) + len(last):
        return False
    if not (name.startswith(first) and name.endswith(last)):
        return False
    place, end = len(first), len(name) - len(last)
    for text in between:
        found = name.find(text, place, end)
        if found < 0:
            return False
        place = found + len(text)
    return True


def _refused(path: str, reason: str) -> InvalidError:
    return InvalidError(
        "InvalidPath",
        f"The path {shown(path)} is not allowed. {reason}",
        target="path",
        hint="Use a relative path with forward slashes, such as `diabetes/2020.csv`.",
    )
