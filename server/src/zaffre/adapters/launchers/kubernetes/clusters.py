"""Whether clusters can be sent runs; and Jobs there that belong to no run any more."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from zaffre.adapters.launchers.kubernetes.api import (
    MISSING,
    ApiAwayError,
    ApiRefusedError,
    KubernetesApi,
)
from zaffre.adapters.launchers.kubernetes.boards import Board, Boards
from zaffre.adapters.launchers.kubernetes.jobs import delete_job
from zaffre.adapters.launchers.kubernetes.kubeconfig import AccessError, Accesses
from zaffre.adapters.launchers.kubernetes.manifests import (
    ATTEMPT,
    COMPUTE,
    RUN,
    WORKSPACE,
    label,
)
from zaffre.adapters.launchers.kubernetes.settings import PodSettingsError, Reach, pod_settings
from zaffre.adapters.launchers.kubernetes.standings import job_is_over
from zaffre.domain.computes import Compute, ComputeError, ComputeState
from zaffre.ports.clusters import ClusterTarget
from zaffre.ports.launchers import ComputePlace

logger = logging.getLogger(__name__)
_LEFT_SECONDS: Final = 30.0
"""A runner ends its run first, and then itself."""
_FORBIDDEN: Final = 403


class KubernetesClusters:
    """Implements `ports.clusters.Clusters`; nothing is started there.

    Args:
        accesses: Finds how they are reached.
        boards: What is seen there.
        reach: Where pods reach the server.
        monotonic: A clock.
    """

    def __init__(
        self,
        accesses: Accesses,
        boards: Boards,
        reach: Reach,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accesses = accesses
        self._boards = boards
        self._reach = reach
        self._monotonic = monotonic
        self._left: dict[tuple[str, str, str], float] = {}

    async def look(self, target: ClusterTarget) -> ComputeError | None:
        """Return why runs cannot be sent there now; None when they can."""
        try:
            await self._look(target)
        except (PodSettingsError, AccessError) as error:
            return ComputeError(code="ClusterUnusable", message=str(error))
        except ApiAwayError as error:
            return ComputeError(code="ClusterOutOfReach", message=str(error))
        except ApiRefusedError as error:
            return ComputeError(code="ClusterRefuses", message=str(error))
        return None

    async def keep_only(self, computes: Collection[Compute]) -> None:
        """Forget what was seen of others."""
        kept = {(compute.workspace_id, compute.name) for compute in computes}
        self._left = {key: at for key, at in self._left.items() if key[:2] in kept}
        await self._boards.forget_unused()

    def close(self) -> None:
        """End nothing: the launcher holds the connections."""

    async def _look(self, target: ClusterTarget) -> None:
        compute = target.compute
        place = ComputePlace(
            kind=compute.kind,
            name=compute.name,
            settings=compute.settings,
            resources=compute.resources,
        )
        settings = pod_settings(place)
        access = self._accesses.of(compute.settings, target.credential)
        self._reach.url(compute.settings)
        namespace = settings.namespace or access.namespace
        api = self._boards.api(access)
        if compute.state is not ComputeState.SUCCEEDED:
            await _check_namespace(api, namespace)
        board = await self._boards.see(access, namespace)
        await self._sweep(api, namespace, target, board)

    async def _sweep(
        self, api: KubernetesApi, namespace: str, target: ClusterTarget, board: Board
    ) -> None:
        """Remove the Jobs of attempts that are over, once they had their time to end."""
        compute = target.compute
        ours = {WORKSPACE: label(compute.workspace_id), COMPUTE: label(compute.name)}
        going = {(label(run_id), str(attempt)) for run_id, attempt in target.attempts}
        now = self._monotonic()
        self._left = {
            key: at
            for key, at in self._left.items()
            if key[:2] != (compute.workspace_id, compute.name) or key[2] in board.jobs
        }
        for name, job in board.jobs.items():
            key = compute.workspace_id, compute.name, name
            if not _is_left(job, ours, going):
                self._left.pop(key, None)
            elif job_is_over(job) or now - self._left.setdefault(key, now) > _LEFT_SECONDS:
                logger.info("The Job %s belongs to no run any more and is removed.", name)
                self._left.pop(key, None)
                await delete_job(api, namespace, name, seconds=0.0)


def _is_left(
    job: Mapping[str, Any], ours: Mapping[str, str], going: Collection[tuple[str, str]]
) -> bool:
    """Tell whether a Job belongs to no attempt that goes on, and is not being deleted yet."""
    labels = job["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in ours.items()):
        return False
    if job["metadata"].get("deletionTimestamp"):
        return False
    return (labels.get(RUN), labels.get(ATTEMPT)) not in going


async def _check_namespace(api: KubernetesApi, namespace: str) -> None:
    """Refuse a namespace that is not there: lists of it would be empty, and no error."""
    try:
        await api.ask("GET", f"/api/v1/namespaces/{namespace}")
    except ApiRefusedError as error:
        if error.status == MISSING:
            raise ApiRefusedError(
                MISSING, f"The cluster has no namespace `{namespace}`. Create it first."
            ) from error
        if error.status != _FORBIDDEN:  # Whoever may use a namespace need not see it.
            raise
