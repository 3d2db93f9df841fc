"""Clusters of other schedulers: whether runs can be sent there, looked at again and again.

While one cannot be reached its runs wait, and those that execute there go on.
"""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from zaffre.domain.computes import Compute, ComputeError, ComputeKind, ComputeState
from zaffre.domain.errors import ConflictError, NotFoundError, UnavailableError, ZaffreError
from zaffre.engine.wakeup import EngineWakeup, Watch
from zaffre.ports.clusters import Clusters, ClusterTarget
from zaffre.services.work import Work

logger = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 5.0
_SOON_SECONDS: Final = 2.0
_PATIENCE: Final = 3
"""Looks that fail one after the other before a cluster that worked counts as lost."""
_Key = tuple[str, str]


class ClusterLoop:
    """Looks at the targets of one kind; at each of them by a task of its own.

    Args:
        kind: Of the targets.
        clusters: Looks at them.
    """

    def __init__(
        self, work: Work, wakeup: EngineWakeup, kind: ComputeKind, clusters: Clusters
    ) -> None:
        self._work = work
        self._wakeup = wakeup
        self._kind = kind
        self._clusters = clusters
        self._looking: dict[_Key, asyncio.Task[None]] = {}
        self._misses: dict[_Key, int] = {}

    async def run(self) -> None:
        """Work until cancelled; clusters go on, since the runs there do."""
        try:
            with self._wakeup.watch("computes") as watch:
                while True:
                    try:
                        await self._tick(watch)
                    except UnavailableError as error:
                        logger.warning("The clusters could not be looked at: %s", error.message)
                    await watch.wait(self._pause())
        finally:
            self._clusters.close()
            tasks = list(self._looking.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._looking.clear()

    async def _tick(self, watch: Watch) -> None:
        computes = [
            compute
            for compute in await self._work.read(lambda s: s.stores.computes.executing())
            if compute.kind is self._kind
        ]
        keys = {(compute.workspace_id, compute.name) for compute in computes}
        for key in self._misses.keys() - keys:
            del self._misses[key]
        for compute in computes:
            key = compute.workspace_id, compute.name
            if key not in self._looking:
                self._looking[key] = asyncio.create_task(self._look(key, compute, watch))
        # One that is being started belongs to a target that may have gone meanwhile: next time.
        if not self._looking.keys() - keys:
            await self._clusters.keep_only(computes)

    def _pause(self) -> float:
        """Return how long to wait: less while it is not clear whether a cluster is lost."""
        unclear = any(misses < _PATIENCE for misses in self._misses.values())
        return _SOON_SECONDS if unclear else _PAUSE_SECONDS

    async def _look(self, key: _Key, compute: Compute, watch: Watch) -> None:
        try:
            error = await self._clusters.look(await self._target(compute))
            seen = self._seen(key, compute, error)
            if seen != compute:
                await self._work.write(lambda s: s.computes.save(compute, seen))
        except (ConflictError, NotFoundError):
            watch.notice()  # It was changed or deleted meanwhile: look at it anew.
        except ZaffreError as error:
            logger.warning("The target %s could not be looked at: %s", compute.name, error.message)
        except Exception:
            logger.exception("The target %s could not be looked at.", compute.name)
        finally:
            del self._looking[key]

    async def _target(self, compute: Compute) -> ClusterTarget:
        credential, (going, _) = await self._work.read(
            lambda s: (s.computes.credential(compute), s.scheduling.runs_of(compute))
        )
        return ClusterTarget(
            compute=compute,
            credential=credential,
            is_idle=not going,
            attempts=frozenset((run.id, run.attempt) for run in going),
        )

    def _seen(self, key: _Key, compute: Compute, error: ComputeError | None) -> Compute:
        """Return the target as it is now; one bad answer is none."""
        if error is None:
            self._misses.pop(key, None)
            return replace(compute, state=ComputeState.SUCCEEDED, errors=())
        self._misses[key] = self._misses.get(key, 0) + 1
        worked = compute.state is ComputeState.SUCCEEDED
        if worked and self._misses[key] < _PATIENCE:
            return compute
        return replace(compute, state=ComputeState.FAILED, errors=(error,))
