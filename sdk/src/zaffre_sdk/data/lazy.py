"""A read-only file system of far files, whose bytes come when they are read.

It is a process of its own: were it a thread of the program that reads, a library that holds
Python's lock while it reads, or reads through mapped memory, would wait for ever for itself. It
ends, and takes its mount along, when the process that started it does.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import stat
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from zaffre_sdk.client.client import Client
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.data.access import Files
from zaffre_sdk.data.far import FarFiles
from zaffre_sdk.data.fusing import detach
from zaffre_sdk.data.orders import Entry, Order
from zaffre_sdk.data.web import WebFiles
from zaffre_sdk.errors import SdkError, TransferError
from zaffre_sdk.wire import decoding

BLOCK_BYTES = 2 << 20
_KEPT_BLOCKS = 48
_AHEAD = 3
_FETCHERS = 6
_NANOSECONDS = 1_000_000_000
# Less than whoever started us waits for it.
_END_SECONDS = 5.0
_log = logging.getLogger("zaffre.data")

Read = Callable[[int, int], bytes]


class Blocks:
    """Parts of files that were read lately, and those that are probably read next.

    Args:
        read: Returns bytes of a file, given its number, the first byte and their count.
        sizes: Of the files, by their number.
    """

    def __init__(self, read: Callable[[int, int, int], bytes], sizes: list[int]) -> None:
        self._read = read
        self._sizes = sizes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], Future[bytes]] = OrderedDict()
        self._fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="zaffre-ahead")

    def get(self, number: int, start: int, count: int) -> bytes:
        """Return bytes of a file, fewer than asked for at its end.

        Raises:
            SdkError: They cannot be had.
        """
        end = min(start + count, self._sizes[number])
        parts = []
        while start < end:
            block, place = divmod(start, BLOCK_BYTES)
            data = self._block(number, block)
            parts.append(data[place : place + end - start])
            start = (block + 1) * BLOCK_BYTES
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _block(self, number: int, block: int) -> bytes:
        with self._lock:
            follows = (number, block - 1) in self._kept
            found, is_mine = self._taken(number, block)
            ahead = range(block + 1, block + 1 + _AHEAD) if follows else range(0)
            wanted = [
                (one, self._kept[(number, one)])
                for one in ahead
                if one * BLOCK_BYTES < self._sizes[number] and self._taken(number, one)[1]
            ]
        for one, future in wanted:
            self._fetchers.submit(self._fetch, number, one, future)
        if is_mine:
            self._fetch(number, block, found)
        return found.result()

    def _taken(self, number: int, block: int) -> tuple[Future[bytes], bool]:
        """Return the place of a block, and whether whoever asks is the one to fill it."""
        key = (number, block)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found, False
        found = self._kept[key] = Future()
        while len(self._kept) > _KEPT_BLOCKS:
            self._kept.popitem(last=False)
        return found, True

    def _fetch(self, number: int, block: int, future: Future[bytes]) -> None:
        start = block * BLOCK_BYTES
        length = min(BLOCK_BYTES, self._sizes[number] - start)
        try:
            data = self._read(number, start, length)
            if len(data) != length:
                raise TransferError(f"There are {len(data)} bytes instead of {length}.")  # noqa: TRY301
        except BaseException as error:  # noqa: BLE001 (whoever waits for it raises it)
            with self._lock:
                self._kept.pop((number, block), None)
            future.set_exception(error)
        else:
            future.set_result(data)


class _Leaf(NamedTuple):
    """A file of the tree, by its number."""

    number: int


class View:
    """What the kernel asks, by the names that the library calls it by.

    Args:
        entries: The files.
        blocks: Their bytes.
    """

    use_ns = True

    def __init__(self, entries: list[Entry], blocks: Blocks) -> None:
        self._entries = entries
        self._blocks = blocks
        self._leaves = {f"/{entry.path}": _Leaf(n) for n, entry in enumerate(entries)}
        self._folders = _folders(entry.path for entry in entries)
        self._owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:  # noqa: ARG002
        """Return what there is to know of a file or folder."""
        leaf = self._leaves.get(path)
        if leaf is not None:
            file = self._entries[leaf.number].file
            at = int(file.modified_at * _NANOSECONDS)
            return {
                **self._owner,
                "st_mode": stat.S_IFREG | 0o444,
                "st_nlink": 1,
                "st_size": file.size,
                "st_blocks": (file.size + 511) // 512,
                **dict.fromkeys(("st_mtime", "st_ctime", "st_atime"), at),
            }
        if path in self._folders:
            return {**self._owner, "st_mode": stat.S_IFDIR | 0o555, "st_nlink": 2}
        raise OSError(errno.ENOENT, path)

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, int, int]]:  # noqa: ARG002
        """Yield the names in a folder."""
        if path not in self._folders:
            raise OSError(errno.ENOENT, path)
        for name in (".", "..", *self._folders[path]):
            below = f"{path.rstrip('/')}/{name}"
            yield name, stat.S_IFREG if below in self._leaves else stat.S_IFDIR, 0

    def open(self, path: str, flags: int) -> int:
        """Return the number of a file; nobody may write to it."""
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, path)
        leaf = self._leaves.get(path)
        if leaf is None:
            raise OSError(errno.ENOENT, path)
        return leaf.number

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Return bytes of a file; what went wrong is told in the log."""
        try:
            return self._blocks.get(fh, offset, size)
        except SdkError as error:
            _log.error("%s cannot be read: %s", path, error)
            raise OSError(errno.EIO, path) from error


def _folders(paths: Iterable[str]) -> dict[str, dict[str, None]]:
    """Return the names in each folder, in order."""
    folders: dict[str, dict[str, None]] = {"/": {}}
    for path in paths:
        below = f"/{path}"
        while below != "/":
            above, _, name = below.rpartition("/")
            above = above or "/"
            is_known = above in folders
            folders.setdefault(above, {})[name] = None
            if is_known:
                break
            below = above
    return folders


def show(order: Order) -> None:
    """Mount a view, and return when it is no longer mounted."""
    from mfusepy import FUSE  # noqa: PLC0415 (fails where libfuse is not installed)

    source = Path(order.server_file) if order.server_file else None
    client = Client(Transport(order.url, order.token, source=source)).workspace(order.workspace)
    ways: dict[str, Files] = {
        name: FarFiles(client, name) if name else WebFiles()
        for name in {one.datastore for one in order.entries}
    }

    def read(number: int, start: int, length: int) -> bytes:
        entry = order.entries[number]
        return ways[entry.datastore].read(entry.file, start=start, length=length)

    blocks = Blocks(read, [entry.file.size for entry in order.entries])
    FUSE(
        View(order.entries, blocks),
        order.folder,
        foreground=True,
        ro=True,
        fsname="zaffre",
        # The files of a view do not change: what the kernel has read it need not read again.
        kernel_cache=True,
        default_permissions=True,
    )


def _watch(folder: str) -> None:
    """End with whoever started us."""
    sys.stdin.buffer.read()
    # The library waits in the main thread, and only there hears of it.
    main = threading.main_thread()
    if main.ident is not None:
        signal.pthread_kill(main.ident, signal.SIGTERM)
    main.join(_END_SECONDS)
    # It waits for reads that have begun, and those perhaps for a server that is gone.
    try:
        detach(Path(folder))
    finally:
        os._exit(1)


def main() -> None:
    """Read an order of one line, and show it until the input ends."""
    logging.basicConfig(format="zaffre: %(message)s")
    order = decoding.from_json(sys.stdin.buffer.readline(), Order)
    threading.Thread(target=_watch, args=(order.folder,), name="zaffre-watch", daemon=True).start()
    try:
        show(order)
    except Exception as error:  # noqa: BLE001 (the last edge of a process)
        _log.error("The view of far files failed: %s", error)
        os._exit(1)
    # What is fetched ahead is for nobody now.
    os._exit(0)


if __name__ == "__main__":
    main()
