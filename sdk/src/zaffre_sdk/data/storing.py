"""Writing files into a datastore on this machine: whole, durable, and not one by one."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from zaffre_sdk.data.contract import Send
from zaffre_sdk.data.copying import copy_whole
from zaffre_sdk.data.patterns import HIDDEN, is_hidden
from zaffre_sdk.data.progress import Progress
from zaffre_sdk.errors import SourceError, TransferError, UnsafePathError
from zaffre_sdk.files.paths import broken_rule
from zaffre_sdk.parallel import parallel

# The server looks after it: what a killed program leaves there it removes some day.
_DRAFTS = f"{HIDDEN}parts"
_READ_ONLY = 0o444
# Held open until all of them are on the disk: a journal takes many at the price of one.
_BATCH_FILES = 128
_BATCH_BYTES = 512 * 1024 * 1024
_SYNCERS = 8
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class _Draft(NamedTuple):
    """A file that nobody sees yet."""

    sent: Send
    name: str
    descriptor: int
    size: int


class Store:
    """Sends local files below a folder.

    Args:
        folder: Of the datastore.
        overwrite: Replace files that are there.
        progress: Hears of each.
    """

    def __init__(self, folder: Path, *, overwrite: bool, progress: Progress) -> None:
        self._root = os.fspath(folder)
        self._overwrite = overwrite
        self._progress = progress
        self._draft = f"{HIDDEN}{os.urandom(8).hex()}"
        self._count = 0
        self._drafts: deque[_Draft] = deque()

    def send(self, sources: Sequence[Send]) -> int:
        """Send files; return how many were sent.

        Raises:
            ChangedWhileReadingError: A file was written to meanwhile.
            SourceError: A file cannot be read.
            TransferError: The disk refuses.
            UnsafePathError: A path is not one that a datastore has; nothing is sent then.
        """
        folders = self._make_folders(sources)
        self._progress.total(len(sources))
        count = size = 0
        try:
            for sent in sources:
                size += self._write(sent)
                if len(self._drafts) >= _BATCH_FILES or size >= _BATCH_BYTES:
                    count += self._show_all()
                    size = 0
            count += self._show_all()
        finally:
            self._forget()
        parallel(_sync_folder, folders)
        return count

    def _make_folders(self, sources: Iterable[Send]) -> list[str]:
        """Make the folders that files go to; return them and those that they lie in."""
        below = set()
        for sent in sources:
            rule = broken_rule(sent.path)
            if rule is not None or is_hidden(sent.path):
                reason = rule or f"has a name with `{HIDDEN}` in front, which is the house's own"
                raise UnsafePathError(
                    f"The path `{sent.path}` {reason}; nothing was sent. Rename `{sent.source}`."
                )
            below.add(sent.path.rpartition("/")[0])
        real = Path(self._root).resolve()
        for folder in sorted(below):
            if not Path(self._root, folder).resolve().is_relative_to(real):
                raise UnsafePathError(f"The path `{folder}` leaves the datastore through a link.")
        _make_folder(Path(self._root, _DRAFTS), _DRAFTS, mode=0o700)
        every = {self._root}
        for folder in sorted(below):
            made = Path(self._root, folder)
            _make_folder(made, folder)
            while os.fspath(made) not in every:
                every.add(os.fspath(made))
                made = made.parent
        return sorted(every)

    def _write(self, sent: Send) -> int:
        """Write a file under a name that is never listed, unless its own is taken."""
        target = f"{self._root}/{sent.path}"
        if not self._overwrite and os.path.lexists(target):
            self._progress.skipped(sent.path)
            return 0
        self._progress.began(os.fspath(sent.source))
        self._count += 1
        name = f"{self._root}/{_DRAFTS}/{self._draft}-{self._count}"
        reading = _opened(sent.source)
        try:
            draft = _copied(reading, name, sent)
        finally:
            os.close(reading)
        self._drafts.append(draft)
        return draft.size

    def _show_all(self) -> int:
        """Give the files that were written their names; return how many got them."""
        drafts = list(self._drafts)
        ways = [drafts[n::_SYNCERS] for n in range(min(_SYNCERS, len(drafts)))]
        parallel(_sync_all, ways)
        count = 0
        while self._drafts:
            count += self._shown(self._drafts[0])
            os.close(self._drafts.popleft().descriptor)
        return count

    def _forget(self) -> None:
        """Remove what was written and has no name."""
        for draft in self._drafts:
            os.close(draft.descriptor)
            Path(draft.name).unlink(missing_ok=True)
        self._drafts.clear()

    def _shown(self, draft: _Draft) -> bool:
        """Give a file its name; tell whether it was free, or could be taken over."""
        target = f"{self._root}/{draft.sent.path}"
        try:
            if self._overwrite:
                os.replace(draft.name, target)  # noqa: PTH105 (thousands of them)
            else:
                _name(draft.name, target)
        except FileExistsError:
            os.unlink(draft.name)  # noqa: PTH108 (as above)
            self._progress.skipped(draft.sent.path)
            return False
        except OSError as error:
            raise _refused(draft.sent.path, error) from error
        self._progress.ended(os.fspath(draft.sent.source))
        return True


def _make_folder(made: Path, path: str, *, mode: int = 0o777) -> None:
    try:
        made.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _opened(source: Path) -> int:
    try:
        descriptor = os.open(source, os.O_RDONLY | _CLOSE_ON_EXEC | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise SourceError(f"`{source}` cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError(f"`{source}` does not point to a file.")
    return descriptor


def _copied(reading: int, name: str, sent: Send) -> _Draft:
    """Copy to a draft, which stays open."""
    try:
        writing = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSE_ON_EXEC, _READ_ONLY)
    except OSError as error:
        raise _refused(sent.path, error) from error
    try:
        size = copy_whole(reading, writing, name=os.fspath(sent.source), is_durable=True)
    except BaseException as error:
        os.close(writing)
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _refused(sent.path, error) from error
        raise
    return _Draft(sent, name, writing, size)


def _name(draft: str, target: str) -> None:
    """Give a draft a name that nobody has."""
    try:
        os.link(draft, target)  # A link never replaces.
        os.unlink(draft)  # noqa: PTH108 (thousands of them)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: between the look and the name somebody may come first.
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.replace(draft, target)  # noqa: PTH105 (thousands of them)


def _sync_all(drafts: Sequence[_Draft]) -> None:
    for draft in drafts:
        try:
            _sync(draft.descriptor)
        except OSError as error:  # noqa: PERF203 (the disk costs far more)
            # Some disks are full only when they are asked to keep what they took.
            raise _refused(draft.sent.path, error) from error


_sync = getattr(os, "fdatasync", os.fsync)


def _sync_folder(folder: str) -> None:
    """Make the names in a folder outlast the machine."""
    if os.name == "nt":
        return  # Folders cannot be opened there.
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(path: str, error: OSError) -> TransferError:
    return TransferError(f"`{path}` cannot be written to the datastore: {error.strerror}.")
