"""Runners as jobs of Ray clusters.

A run of one node is a job that is the runner itself: its cores and GPUs are what the job takes,
and no Ray is needed in its environment. A run of several nodes is a job that takes a group of
places, one on each node, and starts the runner at the first.
"""

import asyncio
import logging
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from zaffre_sdk import runner
from zaffre_sdk.wire import decoding

from zaffre.adapters.launchers.orders import (
    ORDER,
    folder_of,
    lay_order,
    marks_of,
    write_secretly,
)
from zaffre.adapters.launchers.ray.heads import RayHeads
from zaffre.adapters.launchers.ray.jobs import (
    Cluster,
    Job,
    JobStatus,
    RayAwayError,
    RayJobs,
    RayRefusedError,
)
from zaffre.adapters.launchers.ray.settings import PYTHON, address_of, key_of, named_cluster
from zaffre.ports.launchers import Account, ComputePlace, Launcher, OutOfReachError, RunnerOrder

T = TypeVar("T")
logger = logging.getLogger(__name__)
_FILE: Final = "job.json"
_SEATS: Final = "seats.json"
_TRY_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5
_FRESH_SECONDS: Final = 1.0
_SHOWN: Final = 2000
_MAX_SEEN: Final = 1000
_MB: Final = 1 << 20


class _Submitted(msgspec.Struct, frozen=True):
    """What is kept of a job: enough to find it without a handle.

    Attributes:
        key: Of the head of our own, if it is at one.
        has_seats: Whether it takes several nodes.
    """

    job: str
    url: str
    token: str
    key: str
    has_seats: bool = False

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.url, self.token)


class _Share(NamedTuple):
    """What a run takes of a node."""

    cores: float
    gpus: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a job.

    Attributes:
        at: When.
        is_known: Whether its cluster answered.
        job: None where there is none.
        submitted: None where none was submitted, or its head is dead.
        is_seated: Whether its group of places was given to it.
    """

    at: float
    is_known: bool
    job: Job | None = None
    submitted: _Submitted | None = None
    is_seated: bool = True


class RayLauncher:
    """Implements `ports.launchers.Launcher` by the jobs of Ray.

    What reaches the cluster by way of its jobs anybody there can read. The order with its token
    lies in the server's home, which the nodes see under the same path: they are this machine, or
    share that folder with it.

    Args:
        home: Of the server.
        near: Ends what a run leaves on this machine.
    """

    def __init__(self, home: Path, heads: RayHeads, jobs: RayJobs, *, near: Launcher) -> None:
        self._home = home
        self._heads = heads
        self._jobs = jobs
        self._near = near
        self._seen: dict[str, _Seen] = {}

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Submit the job and return its handle.

        Raises:
            OSError: The cluster refuses it.
            OutOfReachError: The cluster does not answer.
        """
        return await asyncio.to_thread(self._launch, order)

    async def is_alive(self, handle: dict[str, Any]) -> bool | None:
        """Tell whether the job is not over; None while its cluster does not answer."""
        seen = await asyncio.to_thread(self._look, handle)
        if not seen.is_known:
            return None
        return seen.job is not None and not seen.job.status.is_over

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return whether the job waits for resources, or why it is over."""
        seen = await asyncio.to_thread(self._look, handle)
        where = f"the Ray cluster at {handle.get('url', '')}"
        if not seen.is_known:
            return Account(ending=f"The runner is silent, and so is {where}: its head is lost.")
        if seen.job is None:
            return Account(ending=f"The head of {where} was lost, and what ran there with it.")
        if seen.job.status.is_over:
            said = (seen.job.message or "")[-_SHOWN:]
            return Account(ending=f"The job of the run at {where} is {seen.job.status}: {said}")
        return Account(waits=seen.job.status is JobStatus.PENDING or not seen.is_seated)

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the job, and every process that the run left on this machine."""
        if "attempt" in handle:
            folder = folder_of(self._home, workspace_id, run_id) / str(handle["attempt"])
            await asyncio.to_thread(self._stop, str(folder))
        left = {"attempt": handle["attempt"]} if "attempt" in handle else {}
        await self._near.stop(workspace_id, run_id, left)

    def _launch(self, order: RunnerOrder) -> dict[str, Any]:
        place = order.place
        is_named = bool(address_of(place.settings))
        key = "" if is_named else key_of(order.workspace_id, place.name)
        cluster = self._cluster(key, place)
        self._check(place, cluster)
        folder = lay_order(self._home, order)
        job = self._job(order, folder, key)
        # Kept before it is submitted, so that it is found without a handle, too.
        submitted = _Submitted(
            job["submission_id"], cluster.url, cluster.token, key, place.node_count > 1
        )
        write_secretly(folder / _FILE, msgspec.json.encode(submitted))
        self._submit(cluster, job)
        return {"attempt": order.attempt, "folder": str(folder), "url": cluster.url}

    def _cluster(self, key: str, place: ComputePlace) -> Cluster:
        cluster = (
            self._heads.cluster(key) if key else named_cluster(place.settings, place.credential)
        )
        if cluster is None:
            raise OutOfReachError("its head of Ray has not started")
        return cluster

    def _check(self, place: ComputePlace, cluster: Cluster) -> None:
        """Refuse an environment whose Ray the cluster will not talk to."""
        version = self._patiently(lambda: self._jobs.version(cluster))
        asked = next((p[5:] for p in place.packages if p.lower().startswith("ray==")), version)
        if asked.partition("+")[0] != version:
            raise OSError(
                f"the environment has Ray {asked}, and the cluster `{place.name}` runs Ray "
                f"{version}: they do not understand each other. Say `ray=={version}` in the "
                "environment, or leave Ray out of it."
            )

    def _submit(self, cluster: Cluster, job: Mapping[str, Any]) -> None:
        name = job["submission_id"]

        def submit() -> None:
            # An answer that was lost may have been a success.
            if self._jobs.find(cluster, name) is None:
                self._jobs.submit(cluster, job)

        self._patiently(submit)

    def _patiently(self, ask: Callable[[], T]) -> T:
        deadline = time.monotonic() + _TRY_SECONDS
        while True:
            try:
                return ask()
            except RayAwayError as error:
                if time.monotonic() > deadline:
                    raise OutOfReachError(str(error)) from error
            except RayRefusedError as error:
                raise OSError(str(error)) from error
            time.sleep(_PAUSE_SECONDS)

    def _job(self, order: RunnerOrder, folder: Path, key: str) -> dict[str, Any]:
        """Return what the dashboard is asked for."""
        share = self._share(order.place, key)
        words = [sys.executable, "-m", "zaffre_sdk.runner", str(folder / ORDER)]
        taken: dict[str, Any] = {}
        if order.place.node_count > 1:
            python = order.place.settings.get(PYTHON) or (sys.executable if key else "python")
            spread = Path(runner.__file__).with_name("spread.py")
            said = [order.place.node_count, share.cores, share.gpus]
            words = [str(python), str(spread), str(folder / _SEATS), *map(str, said), *words]
        else:
            taken = {"entrypoint_num_cpus": share.cores, "entrypoint_num_gpus": share.gpus}
            if not key and order.place.resources.memory_mb:
                taken["entrypoint_memory"] = order.place.resources.memory_mb * _MB
        return {
            **taken,
            "submission_id": f"zaffre-{order.workspace_id}-{order.run_id}-{order.attempt}",
            "entrypoint": _entrypoint(order, folder, words),
            "metadata": {"zaffre_run": order.run_id, "zaffre_workspace": order.workspace_id},
        }

    def _share(self, place: ComputePlace, key: str) -> _Share:
        """Return what the run takes of each node.

        Of a head of our own it never takes more cores than there are: runs share the machine.
        """
        cores = _number(place.settings.get("num_cpus"), place.resources.cores or 1)
        gpus = _number(place.settings.get("num_gpus"), place.resources.gpus or 0)
        head = self._heads.find(key) if key else None
        return _Share(cores if head is None else min(cores, head.cores), gpus)

    def _look(self, handle: Mapping[str, Any]) -> _Seen:
        """Return the job of a handle as it was at most a second ago."""
        folder = str(handle.get("folder", ""))
        seen = self._seen.get(folder)
        if seen is None or time.monotonic() - seen.at > _FRESH_SECONDS:
            if len(self._seen) > _MAX_SEEN:
                self._seen.clear()
            seen = self._seen[folder] = self._ask(folder)
        return seen

    def _ask(self, folder: str) -> _Seen:
        now = time.monotonic()
        try:
            submitted = decoding.from_json(Path(folder, _FILE).read_bytes(), _Submitted)
        except (OSError, msgspec.DecodeError):
            return _Seen(now, is_known=True)  # It was never submitted.
        if submitted.key:
            head = self._heads.find(submitted.key)
            if head is None or head.url != submitted.url or not head.lives:
                return _Seen(now, is_known=True)
        try:
            job = self._jobs.find(submitted.cluster, submitted.job)
        except (RayAwayError, RayRefusedError) as error:
            logger.info("The job %s cannot be asked for: %s", submitted.job, error)
            return _Seen(now, is_known=False, submitted=submitted)
        is_seated = not submitted.has_seats or Path(folder, _SEATS).exists()
        return _Seen(now, is_known=True, job=job, submitted=submitted, is_seated=is_seated)

    def _stop(self, folder: str) -> None:
        """End a job and wait until it is over."""
        deadline = time.monotonic() + _STOP_SECONDS
        is_asked = False
        while True:
            seen = self._ask(folder)
            if seen.is_known and (seen.job is None or seen.job.status.is_over):
                return
            if seen.submitted is not None and not is_asked:
                is_asked = self._asked_to_stop(seen.submitted)
            if time.monotonic() > deadline:
                logger.error("The job of Ray in %s cannot be ended.", folder)
                return
            time.sleep(_PAUSE_SECONDS)

    def _asked_to_stop(self, submitted: _Submitted) -> bool:
        try:
            self._jobs.stop(submitted.cluster, submitted.job)
        except (RayAwayError, RayRefusedError) as error:
            logger.info("The job %s cannot be stopped: %s", submitted.job, error)
            return False
        return True


def _entrypoint(order: RunnerOrder, folder: Path, words: Sequence[str]) -> str:
    """Return the command line of the job, which a shell reads."""
    marks = marks_of(order.workspace_id, order.run_id, order.attempt)
    missing = (
        f"This node does not see {folder}, a folder of the server. The nodes of a Ray cluster "
        "are the machine of the server, or share its home and interpreters by the same paths."
    )
    program = ["env", *(f"{name}={value}" for name, value in marks.items()), *words]
    return (
        f"cd {shlex.quote(str(folder))} || {{ echo {shlex.quote(missing)}; exit 1; }}; "
        f"exec {shlex.join(program)}"
    )


def _number(given: object, usual: float) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or given < 0:
        return usual
    return given
