"""Metrics that earlier programs logged and could not send: killed, or ended without a server."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.errors import SdkError, ServiceError
from zaffre_sdk.home import Home
from zaffre_sdk.notices import notice
from zaffre_sdk.refusals import is_final
from zaffre_sdk.tracking.context import current_run

if TYPE_CHECKING:
    from zaffre_sdk.client import WorkspaceClient
    from zaffre_sdk.metrics.replay import ReplayReport
    from zaffre_sdk.wire.metrics import BatchIn, BatchOut

FILES_FOLDER = "files"
PART = ".part"
# The token of this program may not reach that run; one that comes later may.
_NOT_OURS = frozenset({401, 403})
_OLD_SECONDS = 3600.0

_begun: set[str] = set()


def spools_of(workspace_id: str) -> Path:
    """Return the folder with a folder of spools for each run of a workspace.

    The id of the workspace is in it, and is found on one server only: what waits for one server
    is never sent to another.
    """
    return Home.default().spool_path / workspace_id


def send_leftovers(workspace: WorkspaceClient) -> None:
    """Begin to send what earlier programs left, in the background; once per program.

    A program inside of a run leaves this to others: its token reaches that run alone.
    """
    folder = spools_of(workspace.id)
    if workspace.id in _begun or current_run() is not None or not folder.is_dir():
        return
    _begun.add(workspace.id)
    threading.Thread(
        target=_send_all, args=(workspace, folder), name="zaffre-leftovers", daemon=True
    ).start()


def send_now(workspace: WorkspaceClient) -> ReplayReport:
    """Send what earlier programs left, and return what became of it.

    Raises:
        SdkError: The server cannot take more now; what was sent is not sent again.
        OSError: What they left cannot be read.
    """
    from zaffre_sdk.metrics.replay import ReplayReport  # noqa: PLC0415 (rarely needed)

    folder = spools_of(workspace.id)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return sum((_send_spools(workspace, spools) for spools in found), ReplayReport())


def _send_all(workspace: WorkspaceClient, folder: Path) -> None:
    # What cannot be sent now waits for the next program.
    with contextlib.suppress(SdkError, OSError):
        for spools in sorted(folder.iterdir()):
            _tell(spools.name, _send_spools(workspace, spools))


def _send_spools(workspace: WorkspaceClient, spools: Path) -> ReplayReport:
    from zaffre_sdk.metrics.replay import replay  # noqa: PLC0415 (rarely needed)

    def send(batch: BatchIn) -> BatchOut:
        try:
            return workspace.metrics.send(spools.name, batch, patience=0.0)
        except ServiceError as error:
            if error.status in _NOT_OURS:
                raise SdkError(error.message) from error
            raise

    # By its age nobody is about to write into it.
    old = time.time() - spools.stat().st_mtime > _OLD_SECONDS
    report = replay(spools, send)
    _send_files(workspace, spools)
    if old:
        with contextlib.suppress(OSError):
            spools.rmdir()  # Unless something is in it: a living writer, or what was refused.
    return report


def _send_files(workspace: WorkspaceClient, spools: Path) -> None:
    """Send the files that were logged; a living program that sends them too does no harm."""
    folder = spools / FILES_FOLDER
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix != PART:
            path = file.relative_to(folder).as_posix()
            try:
                workspace.artifacts.upload(spools.name, path, file.read_bytes())
            except FileNotFoundError:
                continue
            except ServiceError as error:
                if not is_final(error):
                    raise
                notice(f"the server refused `{path}` of the run {spools.name}: {error}")
            file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _tell(run_id: str, report: ReplayReport) -> None:
    if report.sent:
        notice(f"sent {report.sent} metrics of the run {run_id} that an earlier program left")
    if report.torn:
        notice(f"{report.torn} records of metrics of the run {run_id} were cut off and are lost")
    if report.rejected:
        notice(
            f"the server refused {report.rejected} metrics of the run {run_id} that an earlier "
            f"program left: {report.reason}"
        )
