"""Local files and folders, sent to a datastore."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.access import Send, files_of
from zaffre_sdk.data.patterns import HIDDEN
from zaffre_sdk.data.progress import SILENT, Progress
from zaffre_sdk.errors import SourceError
from zaffre_sdk.files.paths import broken_rule, portable

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient


def send_files(  # noqa: PLR0913 (all but three by keyword)
    client: WorkspaceClient,
    datastore: str,
    files: Mapping[str, Path] | Sequence[Path],
    *,
    root: Path | None = None,
    target: str = "",
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Send local files below `target` of a datastore; return how many were sent.

    Args:
        client: The workspace.
        datastore: Where to.
        files: What to send, by the path that each is to have; without, by those from `root`.
        root: The folder that all are in; the deepest such folder by default.
        target: A folder of the datastore.
        overwrite: Replace files that are there; else they stay as they are and are not counted.
        progress: Hears of each file.

    Raises:
        ChangedWhileReadingError: A file was written to meanwhile.
        SourceError: Something is no file, cannot be read, or has a name that others cannot have.
    """
    before = f"{target.strip('/')}/" if target.strip("/") else ""
    named = files if isinstance(files, Mapping) else files_from(files, root)
    sources = [_checked(source, f"{before}{portable(path)}") for path, source in named.items()]
    way = files_of(client, datastore)
    return way.send(sources, overwrite=overwrite, progress=progress)


def files_below(folder: Path) -> dict[str, Path]:
    """Return the files below a folder by their paths from it, through links too.

    What is the house's own stays behind, such as half of a file whose fetching was killed.

    Raises:
        SourceError: It is no folder, or cannot be read.
    """
    if not folder.is_dir():
        raise SourceError(f"`{folder}` is no folder.")
    found: dict[str, Path] = {}
    _walk(os.fspath(folder), "", found, ())
    return found


def files_from(files: Sequence[Path], root: Path | None = None) -> dict[str, Path]:
    """Return files by their paths from `root`; the deepest folder that holds all by default.

    Raises:
        SourceError: Something is no file, or not below the root.
    """
    whole = [Path(os.path.abspath(file)) for file in files]  # noqa: PTH100 (links stay)
    for file in whole:
        if not file.is_file():
            raise SourceError(f"`{file}` does not point to a file.")
    if not whole:
        return {}
    if root is None:
        try:
            root = Path(os.path.commonpath([file.parent for file in whole]))
        except ValueError as error:
            raise SourceError(
                "The files lie on several drives, and no folder holds them all. "
                "Send those of each drive for themselves."
            ) from error
    top = Path(os.path.abspath(root))  # noqa: PTH100
    found = {}
    for file in whole:
        if not file.is_relative_to(top):
            raise SourceError(f"`{file}` is not below the root `{top}`.")
        found[file.relative_to(top).as_posix()] = file
    return found


def _walk(
    folder: str, before: str, found: dict[str, Path], above: tuple[tuple[int, int], ...]
) -> None:
    try:
        status = os.stat(folder)  # noqa: PTH116 (thousands of them: no objects for each)
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise SourceError(f"`{folder}` cannot be read: {error.strerror}.") from error
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise SourceError(f"The link `{folder}` leads to a folder that it lies in. Remove it.")
    for entry in listed:
        if entry.name.startswith(HIDDEN):
            continue
        if entry.is_dir():
            _walk(entry.path, f"{before}{entry.name}/", found, (*above, here))
        elif entry.is_file():
            found[before + entry.name] = Path(entry.path)
        elif entry.is_symlink():
            raise SourceError(f"The link `{entry.path}` leads nowhere. Remove it.")


def _checked(source: Path, path: str) -> Send:
    rule = broken_rule(path)
    if rule is not None:
        raise SourceError(
            f"The path `{path}` {rule}, which others cannot have. Rename `{source}`."
        )
    return Send(source, path)
