"""Sending runs that were kept without a server; whatever interrupts it, nothing is sent twice.

A run has the same id on the server as in its folder, its metrics are numbered by their lines, and
its end is sent last: a run that has ended there was sent as a whole.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from zaffre_sdk.errors import SourceError
from zaffre_sdk.locks import is_locked
from zaffre_sdk.metrics.batches import encode_batches
from zaffre_sdk.metrics.delivery import deliver
from zaffre_sdk.tracking import offline
from zaffre_sdk.tracking.watching import TERMINAL
from zaffre_sdk.wire.runs import RunChange, RunError, RunIn, RunSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zaffre_sdk.client import WorkspaceClient
    from zaffre_sdk.wire.runs import RunOut

_SILENT_END = RunError(
    code="ProgramEnded", message="The program ended without saying how its run ended."
)


class Synced(NamedTuple):
    """What was sent of runs and the runs below them."""

    runs: int = 0
    metrics: int = 0
    files: int = 0
    refused: str = ""
    """Why the server took some metrics never; empty when it took all."""

    def __add__(self, other: object) -> Synced:
        if not isinstance(other, Synced):
            return NotImplemented
        return Synced(
            self.runs + other.runs,
            self.metrics + other.metrics,
            self.files + other.files,
            self.refused or other.refused,
        )


def kept_runs(folder: Path) -> Iterator[Path]:
    """Yield the folders of the runs that a folder is or holds, oldest first.

    Raises:
        SourceError: There is no such folder.
    """
    if (folder / offline.RUN_FILE).is_file():
        yield folder
    elif folder.is_dir():
        found = [one for one in folder.iterdir() if (one / offline.RUN_FILE).is_file()]
        yield from sorted(found, key=lambda one: (one / offline.RUN_FILE).stat().st_mtime)
    else:
        raise SourceError(f"There is no folder `{folder}`.")


def synced_to(folder: Path) -> str | None:
    """Return the workspace that a run was sent to, or None when it is still to be sent.

    Without a marker that can be read it is looked at again, which sends nothing twice.
    """
    try:
        return str(json.loads((folder / offline.SYNCED_FILE).read_text("utf-8"))["workspace"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def is_alive(folder: Path) -> bool:
    """Tell whether the program of a run still lives."""
    return is_locked(folder / offline.LOCK_FILE)


def sync(workspace: WorkspaceClient, folder: Path, *, experiment: str) -> Synced:
    """Send a run with everything below it.

    Raises:
        SourceError: The folder is not that of a run.
        SdkError: The server refused, or is away; call again.
    """
    return _Sync(workspace, experiment).send(folder, parent_id=None)


def remove(folder: Path) -> None:
    """Remove the folder of a run."""
    shutil.rmtree(folder)


class _Sync:
    def __init__(self, workspace: WorkspaceClient, experiment: str) -> None:
        self._workspace = workspace
        self._experiment = experiment

    def send(self, folder: Path, *, parent_id: str | None) -> Synced:
        if synced_to(folder) is not None:
            return Synced()
        said = _read_run(folder)
        events = _folded(folder / offline.EVENTS_FILE)
        run = self._create(said, events, parent_id)
        sent = Synced()
        if run.state not in TERMINAL:
            sent = Synced(runs=1) + self._send_contents(folder, run.id)
            self._label(run.id, events)
            sent += self._send_children(folder, run.id)
            self._end(run.id, events)
        _mark(folder, self._workspace.id)
        return sent

    def _create(
        self, said: dict[str, Any], events: dict[str, Any], parent_id: str | None
    ) -> RunOut:
        times = {"startTimeUtc": said.get("started_at"), "endTimeUtc": events["end"].get("at")}
        return self._workspace.runs.create(
            RunIn(
                id=said["id"],
                experiment=self._experiment,
                spec=RunSpec(kind="interactive"),
                parent_id=parent_id,
                display_name=said.get("display_name"),
                properties={
                    f"offline.{name}": _iso(moment) for name, moment in times.items() if moment
                },
            )
        )

    def _send_contents(self, folder: Path, run_id: str) -> Synced:
        points = list(_lines(folder / offline.METRICS_FILE))
        payloads = encode_batches(f"offline-{run_id}", 1, [tuple(point) for point in points])
        reasons = []
        for payload in payloads if points else ():
            delivery = deliver(payload, lambda batch: self._workspace.metrics.send(run_id, batch))
            if delivery.rejected:
                reasons.append(delivery.reason)
        files = self._send_files(folder / offline.FILES_FOLDER, run_id)
        return Synced(metrics=len(points), files=files, refused=reasons[0] if reasons else "")

    def _send_files(self, folder: Path, run_id: str) -> int:
        there = {one.path for one in self._workspace.artifacts.list(run_id)}
        files = {
            file.relative_to(folder).as_posix(): file
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        waiting = {path: file for path, file in files.items() if path not in there}
        self._workspace.artifacts.upload_many(run_id, waiting)
        return len(waiting)

    def _label(self, run_id: str, events: dict[str, Any]) -> None:
        change = RunChange(
            tags=events["tags"] or None,
            properties=events["properties"] or None,
            display_name=events.get("display_name"),
            description=events.get("description"),
        )
        if change != RunChange():
            self._workspace.runs.change(run_id, change)

    def _send_children(self, folder: Path, run_id: str) -> Synced:
        children = folder / offline.CHILDREN_FOLDER
        sent = Synced()
        for child in kept_runs(children) if children.is_dir() else ():
            sent += self.send(child, parent_id=run_id)
        return sent

    def _end(self, run_id: str, events: dict[str, Any]) -> None:
        end = events["end"]
        state = end.get("state", "Failed")
        error = None
        if state == "Failed":
            error = RunError(**end["error"]) if "error" in end else _SILENT_END
        self._workspace.runs.end(run_id, state, error=error)


def _read_run(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / offline.RUN_FILE).read_text("utf-8"))
        return {**said, "id": str(said["id"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"`{folder}` is not the folder of an offline run: `{offline.RUN_FILE}` cannot be read "
            f"({error})."
        ) from error


def _folded(path: Path) -> dict[str, Any]:
    """Return what the events of a run add up to."""
    state: dict[str, Any] = {"tags": {}, "properties": {}, "end": {}}
    for event in _lines(path):
        for what, value in event.items():
            if what in {"tags", "properties"}:
                state[what].update(value)
            else:
                state[what] = value
    state["tags"] = {key: value for key, value in state["tags"].items() if value is not None}
    return state


def _lines(path: Path) -> Iterator[Any]:
    """Yield what the lines of a file say; one that a killed program left torn says nothing.

    Raises:
        SourceError: A line in the middle is broken.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    try:
                        yield json.loads(line)
                    except ValueError as error:
                        raise SourceError(f"`{path}`, line {number}: {error}") from error
    except FileNotFoundError:
        return


def _mark(folder: Path, workspace_id: str) -> None:
    draft = folder / f"{offline.SYNCED_FILE}.part"
    draft.write_text(json.dumps({"workspace": workspace_id}), "utf-8")
    draft.replace(folder / offline.SYNCED_FILE)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat()
