"""What clusters say of our Jobs: asked for once for all runs, and kept for a moment."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zaffre.adapters.launchers.kubernetes.api import (
    ApiAwayError,
    ApiRefusedError,
    KubernetesApi,
)
from zaffre.adapters.launchers.kubernetes.kubeconfig import Access
from zaffre.adapters.launchers.kubernetes.manifests import SERVER

_FRESH_SECONDS: Final = 1.0
_UNUSED_SECONDS: Final = 600.0
"""Longer than anything takes for which a cluster is asked."""


@dataclass(frozen=True, slots=True)
class Board:
    """Our Jobs of a namespace, and their pods, by the names of the Jobs."""

    jobs: Mapping[str, Mapping[str, Any]]
    pods: Mapping[str, list[Mapping[str, Any]]]


@dataclass(slots=True)
class _Seen:
    """What was last seen of a namespace, or why nothing was."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    board: Board | None = None
    failure: ApiAwayError | ApiRefusedError | None = None
    at: float = 0.0


class Boards:
    """Keeps the connections to clusters, and what was last seen there.

    Args:
        server: What our Jobs are known by.
        monotonic: A clock.
    """

    def __init__(self, server: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._monotonic = monotonic
        self._apis: dict[Access, KubernetesApi] = {}
        self._used: dict[Access, float] = {}
        self._seen: dict[tuple[Access, str], _Seen] = defaultdict(_Seen)

    def api(self, access: Access) -> KubernetesApi:
        """Return what asks a cluster.

        Raises:
            ApiRefusedError: What opens it cannot be used.
        """
        api = self._apis.get(access)
        if api is None:
            api = self._apis[access] = KubernetesApi(access)
        self._used[access] = self._monotonic()
        return api

    async def see(self, access: Access, namespace: str, *, now: bool = False) -> Board:
        """Return our Jobs as they were at most a second ago.

        Args:
            access: Of the cluster.
            namespace: In it.
            now: As they are at this moment.

        Raises:
            ApiAwayError: The cluster does not answer.
            ApiRefusedError: It refuses.
        """
        asked = self._monotonic()
        seen = self._seen[access, namespace]
        async with seen.lock:
            # Whoever waited for another's question is content with its answer: each takes its
            # time while the cluster is away.
            oldest = asked if now else asked - _FRESH_SECONDS
            if seen.at < oldest or (seen.board is None and seen.failure is None):
                await self._refresh(seen, access, namespace)
            if seen.failure is not None:
                raise type(seen.failure)(*seen.failure.args)
            if seen.board is None:
                raise RuntimeError("Nothing was seen, and nothing says why.")
            return seen.board

    async def forget_unused(self) -> None:
        """Close what leads to clusters that nobody asks for, such as by a token of before."""
        oldest = self._monotonic() - _UNUSED_SECONDS
        await self._forget([access for access, at in self._used.items() if at < oldest])

    async def close(self) -> None:
        """Close all connections."""
        await self._forget(list(self._apis))

    async def _forget(self, accesses: Sequence[Access]) -> None:
        apis = [self._apis.pop(access) for access in accesses]
        for access in accesses:
            del self._used[access]
        for key in [key for key in self._seen if key[0] in accesses]:
            del self._seen[key]
        for api in apis:
            await api.close()

    async def _refresh(self, seen: _Seen, access: Access, namespace: str) -> None:
        at = self._monotonic()
        seen.board = seen.failure = None
        try:
            seen.board = await self._look(access, namespace)
        except (ApiAwayError, ApiRefusedError) as error:
            seen.failure, at = error, self._monotonic()
        seen.at = at

    async def _look(self, access: Access, namespace: str) -> Board:
        api = self.api(access)
        ours = {"labelSelector": f"{SERVER}={self._server}"}
        # Jobs first: a Job that is missing had no pods, whatever is made meanwhile.
        jobs = await api.items(f"/apis/batch/v1/namespaces/{namespace}/jobs", ours)
        pods: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for pod in await api.items(f"/api/v1/namespaces/{namespace}/pods", ours):
            pods[_job_name(pod)].append(pod)
        return Board({job["metadata"]["name"]: job for job in jobs}, dict(pods))


def _job_name(pod: Mapping[str, Any]) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("app.kubernetes.io/instance") or "")
