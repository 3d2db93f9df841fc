"""The source folder of the run, file by file, verified."""

from __future__ import annotations

import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from zaffre_sdk.connections import BrokenError, Incoming
from zaffre_sdk.runner.link import Link, RefusedError, Request
from zaffre_sdk.runner.order import Order
from zaffre_sdk.wire.files import FileEntry, SnapshotOut

_PARALLEL = 4
_FEW = 8
_TRIES = 3


class SnapshotError(Exception):
    """The source folder cannot be had as it was submitted."""


def download_snapshot(link: Link, order: Order, snapshot_id: str, folder: Path) -> None:
    """Write the files of a snapshot into an empty folder.

    Raises:
        SnapshotError: A file is not what was submitted, or the server refuses it.
        StoppedError: The run is no longer this runner's.
    """
    url = f"{order.workspace_path}/snapshots/{quote(snapshot_id, safe='')}"
    try:
        files = link.ask("GET", url, answer=SnapshotOut).files
        if len(files) <= _FEW:
            for entry in files:
                _download(link, url, entry, folder)
            return
        with ThreadPoolExecutor(_PARALLEL) as pool:
            list(pool.map(lambda entry: _download(link, url, entry, folder), files))
    except RefusedError as error:
        raise SnapshotError(f"The server refuses the source folder: {error}") from error
    except OSError as error:
        raise SnapshotError(f"The source folder cannot be written: {error}") from error


def _download(link: Link, url: str, entry: FileEntry, folder: Path) -> None:
    target = folder / entry.path
    if not target.resolve().is_relative_to(folder.resolve()):
        raise SnapshotError(f"The path `{entry.path}` leaves the source folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    request = Request("GET", f"{url}/files/{quote(entry.path)}")
    for _ in range(_TRIES):
        digest = link.stream(request, lambda incoming: _save(incoming, target))
        if digest == entry.digest:
            target.chmod(0o700 if entry.executable else 0o600)
            return
    raise SnapshotError(
        f"DigestMismatch: the file `{entry.path}` is not what was submitted: the server's copy "
        "was changed or damaged. Submit the run again."
    )


def _save(incoming: Incoming, target: Path) -> str:
    """Write a body to a file; return its digest, or nothing when it was cut off.

    A server that finds its copy damaged breaks the connection off, so that this is an answer.
    """
    digest = hashlib.sha256()
    with target.open("wb") as file, contextlib.suppress(BrokenError):
        for chunk in incoming.chunks():
            file.write(chunk)
            digest.update(chunk)
        return digest.hexdigest()
    return ""
