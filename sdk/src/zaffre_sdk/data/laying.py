"""The files of a definition, laid out in a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.access import Fetch, Files
from zaffre_sdk.data.listing import ListedFile, list_files
from zaffre_sdk.data.progress import SILENT, Progress
from zaffre_sdk.errors import UnsafePathError
from zaffre_sdk.files.paths import broken_rule
from zaffre_sdk.notices import notice

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient
    from zaffre_sdk.wire.datasets import Definition

_CLIMBING = frozenset({"", ".", ".."})


def lay(  # noqa: PLR0913 (all but three by keyword)
    client: WorkspaceClient | None,
    definition: Definition,
    folder: Path,
    *,
    mode: str = "download",
    overwrite: bool = False,
    progress: Progress = SILENT,
    say: Callable[[str], None] = notice,
) -> list[Path]:
    """Lay the files of a definition out in a folder; return where each one lies.

    Args:
        client: The workspace; None will do where no place is in a datastore.
        definition: Of kind `file`, or of any kind whose files are wanted.
        folder: Made if it is not there.
        mode: `download` copies; `mount` shows files that nothing may be written to: near ones
            through links, far ones as a file system whose bytes come when they are read, or
            copied where there can be none.
        overwrite: Replace files that are there.
        progress: Hears of each file that is copied.
        say: Is told when far files are copied that were to be mounted, and why.

    Raises:
        FileExistsError: A file is there, and `overwrite` is not set; nothing is laid then.
        NoFilesError: A place has no files; names the place.
        UnsafePathError: A path would leave the folder; nothing is laid then.
    """
    files = list_files(client, definition)
    folder.mkdir(parents=True, exist_ok=True)
    targets = targets_in(folder, [one.relative for one in files])
    if not overwrite:
        _check_free(targets)
    left = dict(zip(targets, files))
    if mode == "mount":
        make_parents(path for path, one in left.items() if one.local_path is not None)
        left = {path: one for path, one in left.items() if not _show(one, path)}
        if left and _mount(client, folder, left, say=say):
            left = {}
    _fetch(left, progress)
    return targets


def _check_free(targets: Sequence[Path]) -> None:
    for target in targets:
        if os.path.lexists(target):
            raise FileExistsError(
                f'File "{target}" already exists. Set overwrite=True to overwrite it, or choose '
                "an empty target path."
            )


def _fetch(files: Mapping[Path, ListedFile], progress: Progress) -> None:
    make_parents(files)
    ways: dict[int, tuple[Files, list[Fetch]]] = {}
    for target, one in files.items():
        _, fetches = ways.setdefault(id(one.files), (one.files, []))
        fetches.append(Fetch(one.file, target))
    for way, fetches in ways.values():
        way.fetch(fetches, progress=progress)


def _mount(
    client: WorkspaceClient | None,
    folder: Path,
    files: Mapping[Path, ListedFile],
    *,
    say: Callable[[str], None],
) -> bool:
    """Show far files as a file system; tell whether that could be done, and say why not."""
    from zaffre_sdk.data.fusing import MountError, Shown, mount, reason_against  # noqa: PLC0415

    reason = reason_against() or _reason_of(folder, files.values())
    if client is None:
        reason = "no workspace is named"
    elif reason is None:
        shown = {
            path.relative_to(folder).as_posix(): Shown(one.place.datastore, one.file)
            for path, one in files.items()
        }
        try:
            mount(client, shown, folder)
        except MountError as error:
            reason = str(error).rstrip(".")
        else:
            return True
    say(f"{len(files)} files are downloaded to `{folder}` instead of mounted: {reason}.")
    return False


def _reason_of(folder: Path, files: Iterable[ListedFile]) -> str | None:
    """Return why these files cannot be shown there, if so."""
    for one in files:
        if one.local_path is not None:
            return "the folder takes no links"
        if one.place.datastore is None and not one.file.size:
            return f"the size of `{one.relative}` is not known before it is fetched"
    return "the folder is not empty" if any(folder.iterdir()) else None


def targets_in(folder: Path, paths: Sequence[str]) -> list[Path]:
    """Return where relative paths lie in a folder.

    Raises:
        UnsafePathError: One would leave the folder.
    """
    for path in paths:
        rule = _broken_rule(path)
        if rule is not None:
            raise UnsafePathError(f"The path `{path}` {rule}; nothing was written.")
    real = folder.resolve()
    for parent in sorted({path.rpartition("/")[0] for path in paths}):
        if not (folder / parent).resolve().is_relative_to(real):
            raise UnsafePathError(f"The path `{parent}` leaves `{folder}` through a link.")
    return [folder / path for path in paths]


def _broken_rule(path: str) -> str | None:
    """Return which rule a path breaks; others give names that we would not: `10:30.csv`."""
    if os.name == "nt":
        return broken_rule(path)
    if "\0" in path or not _CLIMBING.isdisjoint(path.split("/")):
        return "has a part that is empty or climbs, or a NUL"
    return None


def make_parents(targets: Iterable[Path]) -> None:
    """Make the folders that files are to lie in."""
    for parent in sorted({target.parent for target in targets}):
        parent.mkdir(parents=True, exist_ok=True)


def unlay(folder: Path, laid: Iterable[Path] | None = None) -> None:
    """Remove what `lay` laid with `mount`, and the folders that held nothing else.

    Args:
        folder: Where it was laid.
        laid: What `lay` returned; without, everything in the folder goes.
    """
    from zaffre_sdk.data.fusing import unmount  # noqa: PLC0415 (rarely needed)

    if unmount(folder):
        return
    files = list(_files_in(folder) if laid is None else laid)
    for file in files:
        file.unlink(missing_ok=True)
    for parent in sorted({above for file in files for above in file.parents}, reverse=True):
        if folder in parent.parents:
            with contextlib.suppress(OSError):  # Somebody has put something there.
                parent.rmdir()


def _files_in(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _show(one: ListedFile, target: Path) -> bool:
    """Show a file through a link; tell whether that can be done."""
    source = one.local_path
    if source is None:
        return False
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    try:
        target.symlink_to(source)
    except (OSError, NotImplementedError):
        return False  # A system that gives links to few; a copy does.
    return True
