"""Far files shown as a folder, without fetching them first."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zaffre_sdk.errors import SdkError
from zaffre_sdk.wire.datastores import DataFile

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient

_DEVICE = "/dev/fuse"
_LIBRARIES = ("fuse", "fuse3")
_HELPERS = ("fusermount3", "fusermount")
_READY_SECONDS = 30.0
_END_SECONDS = 10.0
_PAUSE = 0.01
_DETACH = 2  # MNT_DETACH: also while somebody still reads there.

_lock = threading.Lock()


class MountError(SdkError):
    """A folder cannot be shown here; the message says why."""


class _View(NamedTuple):
    """A file system of ours, and the device that its folder is on without it.

    The folder may be one where somebody else has mounted something.
    """

    process: subprocess.Popen[bytes]
    device: int

    def covers(self, folder: Path) -> bool:
        """Tell whether it is mounted there."""
        try:
            return folder.stat().st_dev != self.device
        except OSError as error:
            return error.errno == errno.ENOTCONN  # It was killed.


_views: dict[Path, _View] = {}


class Shown(NamedTuple):
    """A file of a view; `datastore` is None for an address of the web."""

    datastore: str | None
    file: DataFile


def reason_against() -> str | None:
    """Return why far files cannot be shown as a folder here, or None when they probably can."""
    if not sys.platform.startswith("linux"):
        return f"it is not known how on {sys.platform}"
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        return f"{_DEVICE} is not there, or not yours to use"
    return _missing()


def _missing() -> str | None:
    """Return which software is not there."""
    from ctypes.util import find_library  # noqa: PLC0415 (rarely needed)
    from importlib.util import find_spec  # noqa: PLC0415 (likewise)
    from shutil import which  # noqa: PLC0415 (likewise)

    if find_spec("mfusepy") is None:
        return "the package mfusepy is not installed; `pip install 'zaffre-sdk[fuse]'` brings it"
    if not any(find_library(name) for name in _LIBRARIES):
        return "libfuse is not installed; on Debian `apt-get install fuse3 libfuse2` brings it"
    if os.geteuid() != 0 and not any(which(name) for name in _HELPERS):
        return "fusermount is not installed; on Debian `apt-get install fuse3` brings it"
    return None


def mount(client: WorkspaceClient, files: Mapping[str, Shown], folder: Path) -> None:
    """Show files below a folder, read-only; their bytes are fetched when they are read.

    The view lasts until `unmount`, or until this process ends.

    Args:
        client: The workspace of their datastores.
        files: By their paths below the folder.
        folder: An empty one.

    Raises:
        MountError: This machine cannot, or the folder is in use.
    """
    reason = reason_against()
    if reason is not None:
        raise MountError(f"Far files cannot be shown as a folder: {reason}.")
    target = Path(os.path.abspath(folder))  # noqa: PTH100 (as `unmount` asks for it)
    if any(target.iterdir()):
        raise MountError(f"`{folder}` is not empty. Choose a folder that is.")
    device = target.stat().st_dev
    process = subprocess.Popen(
        [sys.executable, "-m", "zaffre_sdk.data.lazy"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Modules are not to come from wherever the program happens to be.
        cwd=os.sep,
        # An interrupt at the keyboard is for the program; the view ends with it.
        start_new_session=True,
    )
    view = _View(process, device)
    with _lock:
        _views[target] = view
    try:
        _send(process, _order(client, files, target))
        _await(view, target)
    except BaseException:
        unmount(folder)
        raise


def unmount(folder: Path) -> bool:
    """End the view that a folder is, or lies in; tell whether there was one.

    What it was mounted on stays as an empty folder.
    """
    # Nothing is looked up there: it may be the view of a process that was killed.
    asked = Path(os.path.abspath(folder))  # noqa: PTH100 (resolve would look)
    with _lock:
        target = next((one for one in (asked, *asked.parents) if one in _views), None)
        if target is None:
            return False
        view = _views.pop(target)
    process = view.process
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if view.covers(target):
        detach(target)
    return True


def _order(client: WorkspaceClient, files: Mapping[str, Shown], folder: Path) -> bytes:
    import msgspec  # noqa: PLC0415 (loaded by then)

    from zaffre_sdk.data.orders import Entry, Order  # noqa: PLC0415 (rarely needed)

    transport = client.transport
    source = transport.server_file
    order = Order(
        folder=os.fspath(folder),
        url=transport.url,
        token=transport.token,
        server_file="" if source is None else os.fspath(source.absolute()),
        workspace=client.id,
        entries=[Entry(path, one.file, one.datastore or "") for path, one in files.items()],
    )
    return msgspec.json.encode(order) + b"\n"


def _send(process: subprocess.Popen[bytes], order: bytes) -> None:
    if process.stdin is None:
        return
    # A process that has ended already says why in its own words, and `_await` sees it.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(order)
        process.stdin.flush()


def _await(view: _View, folder: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not view.covers(folder):
        if view.process.poll() is not None:
            raise MountError(
                f"`{folder}` cannot be shown: the file system ended with "
                f"{view.process.returncode}, and said why above. A container needs `--device "
                "/dev/fuse --cap-add SYS_ADMIN`."
            )
        if time.monotonic() > deadline:
            raise MountError(f"`{folder}` was not shown within {_READY_SECONDS:.0f} seconds.")
        time.sleep(_PAUSE)


def detach(folder: Path) -> None:
    """Take down what is mounted on a folder, also while somebody still reads there.

    Raises:
        MountError: That cannot be done.
    """
    import ctypes  # noqa: PLC0415 (rarely needed)
    from shutil import which  # noqa: PLC0415 (likewise)

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(folder), _DETACH) == 0:
        return
    helper = next(filter(None, map(which, _HELPERS)), None)
    command = [helper or "", "-u", "-z", os.fspath(folder)]
    if helper is None or subprocess.run(command, check=False).returncode:  # noqa: S603 (found here)
        raise MountError(f"`{folder}` cannot be unmounted; `sudo umount -l {folder}` does it.")
