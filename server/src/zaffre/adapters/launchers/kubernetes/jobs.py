"""Making and removing what belongs to a run in a cluster."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from zaffre.adapters.launchers.kubernetes.api import (
    MISSING,
    TAKEN,
    ApiAwayError,
    ApiRefusedError,
    KubernetesApi,
)

_TRY_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5
_SHOWN: Final = 1500


async def delete_job(api: KubernetesApi, namespace: str, name: str, *, seconds: float) -> bool:
    """Delete a Job with all that belongs to it; tell whether it is gone.

    Args:
        api: Of the cluster.
        namespace: In it.
        name: Of the Job.
        seconds: How long to wait until its pod has ended.

    Raises:
        ApiAwayError: The cluster does not answer.
        ApiRefusedError: It refuses.
    """
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}"
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
    deadline = time.monotonic() + seconds
    try:
        await api.ask("DELETE", path, options)
        while time.monotonic() < deadline:
            await api.ask("GET", path)
            await asyncio.sleep(_PAUSE_SECONDS)
    except ApiRefusedError as error:
        if error.status == MISSING:
            return True
        raise
    return False


async def created(api: KubernetesApi, path: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Create something, or return it when it is there: an answer may have been lost."""
    deadline = time.monotonic() + _TRY_SECONDS
    while True:
        try:
            return await api.ask("POST", path, manifest)
        except ApiRefusedError as error:
            found = await _ours(api, path, manifest) if error.status == TAKEN else None
            if found is not None:
                return found
            # Two that are counted against a quota at once are in each other's way for a moment.
            if error.status != TAKEN or time.monotonic() > deadline:
                raise
        except ApiAwayError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def _ours(
    api: KubernetesApi, path: str, manifest: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what is there under that name, if anything is."""
    name = manifest["metadata"]["name"]
    try:
        found = await api.ask("GET", f"{path}/{name}")
    except ApiRefusedError as error:
        if error.status == MISSING:
            return None
        raise
    labels = found["metadata"].get("labels") or {}
    wanted = manifest["metadata"]["labels"]
    if any(labels.get(key) != value for key, value in wanted.items()):
        raise ApiRefusedError(TAKEN, f"Somebody else's `{name}` is in the way.")
    return found


async def warning_of(api: KubernetesApi, namespace: str, name: str) -> str:
    """Return why no pod is made for a Job, such as a quota; nothing if that is not known."""
    asked = {"fieldSelector": f"involvedObject.name={name},type=Warning"}
    try:
        events = await api.items(f"/api/v1/namespaces/{namespace}/events", asked)
    except ApiRefusedError:
        return ""  # Not everybody may read events.
    newest = max(events, key=lambda one: str(one.get("lastTimestamp") or ""), default={})
    said = str(newest.get("message") or "")[:_SHOWN]
    return f"Kubernetes makes no pod: {said}" if said else ""
