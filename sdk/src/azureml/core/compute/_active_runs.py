"""The runs of a compute target that have not ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _late

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAITING = ("NotStarted", "Queued", "Preparing", "Provisioning")
_RUNNING = ("Starting", "Running", "Finalizing", "CancelRequested", "NotResponding", "Paused")
_ASKED = {"Queued": _WAITING, "Running": _RUNNING, None: (*_WAITING, *_RUNNING)}


def active_runs(target: Any, kind: Any, tags: Any, properties: Any, status: Any) -> Iterator[Any]:
    """Yield the runs of a target that have not ended, newest first.

    Args:
        target: The compute target.
        kind: A kind of runs, such as `azureml.scriptrun`.
        tags: A key, or several, each alone or with its value.
        properties: As `tags`.
        status: `Running` or `Queued`, each with the states beside it; any other state alone; both
            without.
    """
    listed = _late.find("azureml.core.run", "Run").list_by_compute
    states = _ASKED.get(status, status)
    yield from listed(target, type=kind, tags=tags, properties=properties, status=states)
