"""The files of a datastore that lie on this machine."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from zaffre_sdk.data.contract import Fetch, Send
from zaffre_sdk.data.copying import copy_file
from zaffre_sdk.data.machine import machine_path
from zaffre_sdk.data.patterns import HIDDEN, Pattern, is_hidden
from zaffre_sdk.data.progress import SILENT, Progress
from zaffre_sdk.data.storing import Store
from zaffre_sdk.errors import TransferError, UnsafePathError
from zaffre_sdk.wire.datastores import DataFile


class NearFiles:
    """Files below a folder, read and written without asking the server.

    What is written here bears no right to be written again: a file is replaced, never changed,
    and programs that are shown it through a link cannot spoil it.

    Args:
        folder: Of the datastore.
        is_open: It is none, but the machine of the program: links may lead anywhere.
    """

    def __init__(self, folder: Path, *, is_open: bool = False) -> None:
        self._folder = folder
        self._root = os.fspath(folder).rstrip("/")
        self._is_open = is_open

    @property
    def origin(self) -> str:
        """What tells these files from all others of this machine."""
        return self._root

    def list(self, pattern: str = "", *, prefix: str = "") -> Sequence[DataFile]:
        """Return files by path; see `Files.list`."""
        chosen = Pattern(pattern)
        prefix = prefix.lstrip("/")
        start = chosen.base or prefix.rpartition("/")[0]
        self._check_inside(start)
        single = self._single(start)
        found = [single] if single is not None else self._below(start, chosen.depth)
        wanted = [
            file for file in found if file.path.startswith(prefix) and chosen.matches(file.path)
        ]
        return sorted(wanted, key=lambda file: file.path)

    def local_path(self, file: DataFile) -> Path:
        """Return where a file lies."""
        return Path(self._at(file.path))

    def read(self, file: DataFile, *, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file, or of a part of it."""
        with self.local_path(file).open("rb") as opened:
            opened.seek(start)
            return opened.read(-1 if length is None else length)

    def fetch(self, wanted: Sequence[Fetch], *, progress: Progress = SILENT) -> None:
        """Copy files to where they are to lie; see `Files.fetch`."""
        progress.total(len(wanted))
        draft = f"{HIDDEN}{os.urandom(8).hex()}.part"
        for file, target in wanted:
            progress.began(file.path)
            partial = f"{os.path.dirname(target)}/{draft}"  # noqa: PTH120 (thousands of them)
            try:
                copy_file(self._at(file.path), partial)
                os.replace(partial, target)  # noqa: PTH105 (thousands of them)
            except FileNotFoundError as error:
                if os.path.lexists(self._at(file.path)):
                    raise
                raise TransferError(
                    f"`{file.path}` was removed while it was fetched; list the files again."
                ) from error
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
            progress.ended(file.path)

    def send(
        self, sources: Sequence[Send], *, overwrite: bool = False, progress: Progress = SILENT
    ) -> int:
        """Send local files, which are durable then; see `Files.send`."""
        return Store(self._folder, overwrite=overwrite, progress=progress).send(sources)

    def _at(self, path: str) -> str:
        return machine_path(path) if self._is_open else f"{self._root}/{path}"

    def _check_inside(self, path: str) -> None:
        if ".." in path.split("/"):
            raise UnsafePathError(f"The path `{path}` leaves its datastore.")
        if self._is_open or not path:
            return
        if not (self._folder / path).resolve().is_relative_to(self._folder.resolve()):
            raise UnsafePathError(f"The path `{path}` leaves its datastore through a link.")

    def _single(self, path: str) -> DataFile | None:
        """Return the file of exactly that path, if it is one."""
        if not path or is_hidden(path):
            return None
        try:
            status = os.stat(self._at(path))  # noqa: PTH116 (a path of text)
        except OSError:
            return None
        return _listed(path, status) if stat.S_ISREG(status.st_mode) else None

    def _below(self, folder: str, depth: int | None) -> Iterator[DataFile]:
        waiting = [folder] if not is_hidden(folder) else []
        while waiting:
            here = waiting.pop()
            before = f"{here}/" if here else ""
            level = before.count("/") + 1
            for entry in _entries(self._at(here)):
                if entry.name.startswith(HIDDEN):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth is None or level < depth:
                        waiting.append(before + entry.name)
                elif self._is_file(entry):
                    # It may have been removed since its folder was read.
                    with contextlib.suppress(FileNotFoundError):
                        yield _listed(before + entry.name, entry.stat())

    def _is_file(self, entry: os.DirEntry[str]) -> bool:
        """Tell whether it is a file of this datastore; a link that leads out of it is none."""
        if self._is_open or not entry.is_symlink():
            return entry.is_file()
        real = Path(entry.path).resolve()
        return real.is_file() and real.is_relative_to(self._folder.resolve())


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _listed(path: str, status: os.stat_result) -> DataFile:
    return DataFile(
        path=path,
        size=status.st_size,
        modified_at=round(status.st_mtime, 6),  # As the server tells it.
        mark=f"{status.st_mtime_ns:x}-{status.st_size:x}",
    )
