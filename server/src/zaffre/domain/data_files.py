"""The files of a datastore, and which names of them are taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, PreconditionError
from zaffre.domain.paths import MAX_PATH_BYTES, check_path

HIDDEN: Final = ".zaffre-"
"""What begins so is the house's own: never listed, read or written for anybody."""
_MAX_STARS: Final = 100
"""Each takes its time for each name of each path."""


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


def check_pattern(text: str) -> str:
    """Return a pattern that chooses among files, without slashes in front.

    How it chooses is written where clients choose, too: `zaffre_sdk.data.patterns`.

    Raises:
        InvalidError: `InvalidPath`.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES or "\0" in text:
        raise _refused(text, f"A pattern has at most {MAX_PATH_BYTES} bytes and no NUL.")
    parts = text.split("/")
    if ".." in parts:
        raise _refused(text, "A part of it climbs.")
    if sum(part.count("*") for part in parts if part != "**") > _MAX_STARS:
        raise _refused(text, f"A pattern has at most {_MAX_STARS} `*` besides those of `**`.")
    return text.lstrip("/")


def _refused(path: str, reason: str) -> InvalidError:
    return InvalidError(
        "InvalidPath",
        f"The path {shown(path)} is not allowed. {reason}",
        target="path",
        hint="Use a relative path with forward slashes, such as `diabetes/2020.csv`.",
    )
