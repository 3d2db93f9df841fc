"""Whether Ray clusters can be sent runs; and heads of our own, kept running."""

import asyncio
import logging
from collections.abc import Collection

from zaffre.adapters.launchers.ray.heads import HeadError, RayHeads
from zaffre.adapters.launchers.ray.jobs import RayAwayError, RayJobs, RayRefusedError
from zaffre.adapters.launchers.ray.settings import (
    address_of,
    head_options,
    key_of,
    named_cluster,
)
from zaffre.domain.computes import Compute, ComputeError
from zaffre.ports.clusters import ClusterTarget

logger = logging.getLogger(__name__)


class RayClusters:
    """Implements `ports.clusters.Clusters`."""

    def __init__(self, heads: RayHeads, jobs: RayJobs) -> None:
        self._heads = heads
        self._jobs = jobs

    async def look(self, target: ClusterTarget) -> ComputeError | None:
        """Return why runs cannot be sent there now; None when they can."""
        return await asyncio.to_thread(self._look, target)

    async def keep_only(self, computes: Collection[Compute]) -> None:
        """End the heads that belong to none of these targets."""
        kept = {
            key_of(compute.workspace_id, compute.name)
            for compute in computes
            if not address_of(compute.settings)
        }
        for key in await asyncio.to_thread(self._heads.keys):
            if key not in kept:
                await asyncio.to_thread(self._heads.end, key)

    def close(self) -> None:
        """Give up what is being started; the clusters that run go on."""
        self._heads.give_up()

    def _look(self, target: ClusterTarget) -> ComputeError | None:
        settings = target.compute.settings
        try:
            if address_of(settings):
                self._jobs.version(named_cluster(settings, target.credential))
            else:
                self._keep_running(target)
        except RayAwayError as error:
            return ComputeError(code="ClusterOutOfReach", message=str(error))
        except RayRefusedError as error:
            return ComputeError(code="ClusterRefuses", message=str(error))
        except HeadError as error:
            return ComputeError(code="ClusterNotStarted", message=str(error))
        return None

    def _keep_running(self, target: ClusterTarget) -> None:
        """Start a head that is dead; one without a dashboard, once no run needs it."""
        key = key_of(target.compute.workspace_id, target.compute.name)
        head = self._heads.find(key)
        if head is None or not head.lives:
            if head is not None:
                logger.warning("The head of Ray at %s has died and is started anew.", head.url)
            self._heads.start(key, head_options(target.compute.settings))
        cluster = self._heads.cluster(key)
        if cluster is None:
            raise HeadError("The head was removed while it was started.")
        try:
            self._jobs.version(cluster)
        except RayAwayError:
            if not target.is_idle:
                raise
            logger.warning("The dashboard at %s has died; its head is started anew.", cluster.url)
            self._heads.start(key, head_options(target.compute.settings))
