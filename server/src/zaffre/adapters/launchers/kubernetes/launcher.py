"""The launcher of runners as Jobs; implements `ports.launchers.Launcher`."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from zaffre.adapters.launchers.elsewhere.parcel import Packer, content_of, pod_program
from zaffre.adapters.launchers.elsewhere.patience import PATIENCE_SECONDS, Patience
from zaffre.adapters.launchers.elsewhere.shelf import Shelf
from zaffre.adapters.launchers.kubernetes.api import (
    ApiAwayError,
    ApiRefusedError,
    KubernetesApi,
)
from zaffre.adapters.launchers.kubernetes.boards import Board, Boards
from zaffre.adapters.launchers.kubernetes.images import image_of, login_of
from zaffre.adapters.launchers.kubernetes.jobs import created, delete_job, warning_of
from zaffre.adapters.launchers.kubernetes.kubeconfig import Access, AccessError, Accesses
from zaffre.adapters.launchers.kubernetes.manifests import (
    Attempt,
    job_of,
    login_of_registry,
    secret_of,
)
from zaffre.adapters.launchers.kubernetes.settings import Reach, pod_settings
from zaffre.adapters.launchers.kubernetes.standings import Standing, standing, without_pod
from zaffre.domain.errors import ZaffreError
from zaffre.ports.launchers import Account, ComputePlace, OutOfReachError, RunnerOrder

logger = logging.getLogger(__name__)
_STOP_SECONDS: Final = 60.0
_LOG_LINES: Final = 200
_LOG_LENGTH: Final = 100_000
_BEGIN_SECONDS: Final = 60.0
_MAX_BEGUN: Final = 1000

FindPlace = Callable[[str, str], Awaitable[ComputePlace]]
"""Returns a compute target of a workspace, and how it is reached."""
_FAILURES: Final = (ZaffreError, AccessError, ApiAwayError, ApiRefusedError)


class KubernetesLauncher:
    """Starts runners as Jobs, one for each attempt of a run.

    What a pod needs it fetches from the server, with the token of its attempt, which lies in a
    Secret that goes with the Job. A Job is found by its name alone, so that one that is asked for
    twice is one.

    Args:
        home: Of the server; keeps what runners there wrote.
        accesses: Finds how clusters are reached.
        boards: What is seen there.
        server: What the server is known by in clusters.
        reach: Where pods reach the server.
        packer: Packs what environments are made of.
        shelf: Takes what pods fetch.
        find: Finds a target again.
    """

    def __init__(  # noqa: PLR0913 (what it stands between)
        self,
        home: Path,
        *,
        accesses: Accesses,
        boards: Boards,
        server: str,
        reach: Reach,
        packer: Packer,
        shelf: Shelf,
        find: FindPlace,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._home = home
        self._accesses = accesses
        self._boards = boards
        self._server = server
        self._reach = reach
        self._packer = packer
        self._shelf = shelf
        self._find = find
        self._patience = Patience(patience)
        self._begun: dict[str, float] = {}

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Create the Job and return its handle.

        Raises:
            OSError: The cluster refuses it, or it is not known how to ask for it.
            OutOfReachError: The cluster does not answer.
        """
        try:
            return await self._launch(order)
        except ApiAwayError as error:
            raise OutOfReachError(str(error)) from error
        except ApiRefusedError as error:
            raise OSError(str(error)) from error

    async def run(self) -> None:
        """Hold the connections until cancelled; runs go on."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._boards.close()

    async def is_alive(self, handle: dict[str, Any]) -> bool:
        """Tell whether the Job is not over, as far as anybody can tell.

        One in a cluster that does not answer lives until patience is over.
        """
        try:
            seen = await self._standing(handle)
        except _FAILURES as error:
            logger.warning("The Job of a run cannot be asked for: %s", error)
            return not self._patience.is_over(_target(handle))
        self._patience.begin_anew(_target(handle))
        return seen.is_alive

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return why the run has not begun, or why it is over."""
        try:
            seen = await self._standing(handle)
        except _FAILURES as error:
            if not self._patience.is_over(_target(handle)):
                # Another runner would come no further, and lose the turn of this one.
                return Account(waits=True, reason=str(error))
            minutes = round(self._patience.seconds / 60)
            return Account(ending=f"The cluster was out of reach for {minutes} minutes: {error}")
        return Account(
            waits=bool(seen.waits) or (seen.is_alive and self._has_just_begun(handle)),
            reason=seen.waits,
            ending=seen.ending,
            code=seen.code,
        )

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """Delete the Job with its pod and its Secret, and wait until they are gone."""
        if "compute" not in handle or "attempt" not in handle:
            return
        asked = {**handle, "workspace_id": workspace_id, "run_id": run_id}
        try:
            api, access, namespace = await self._cluster(asked)
            name = self._attempt(asked).name
            log = await self._log_of(api, access, namespace, name)
            is_gone = await delete_job(api, namespace, name, seconds=_STOP_SECONDS)
        except _FAILURES as error:
            # Its runner is refused whatever it asks from now on, and ends itself; the Job is
            # removed as one that belongs to no run.
            logger.warning("The Job of %s was not removed: %s", run_id, error)
            return
        if not is_gone:
            logger.error("The Job %s does not go.", name)
        folder = self._home / "runs" / workspace_id / run_id / str(handle["attempt"])
        await asyncio.to_thread(_keep_log, folder, log)

    def _has_just_begun(self, handle: Mapping[str, Any]) -> bool:
        """Tell whether a pod may still be on its way to its first word.

        However long it waited for a node, its silence counts from when it has one.
        """
        if len(self._begun) > _MAX_BEGUN:
            self._begun.clear()
        begun = self._begun.setdefault(str(handle.get("job", "")), time.monotonic())
        return time.monotonic() - begun < _BEGIN_SECONDS

    async def _launch(self, order: RunnerOrder) -> dict[str, Any]:
        place = order.place
        settings = pod_settings(place)
        access = self._accesses.of(place.settings, place.credential)
        namespace = settings.namespace or access.namespace
        attempt = Attempt(
            server=self._server,
            workspace_id=order.workspace_id,
            compute=place.name,
            run_id=order.run_id,
            number=order.attempt,
        )
        login = login_of(order)
        job = job_of(
            attempt,
            settings,
            image=image_of(order, settings),
            max_seconds=place.max_seconds,
            has_login=login is not None,
        )
        content = await self._content(order)
        api = self._boards.api(access)
        jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        uid = (await created(api, jobs, job))["metadata"]["uid"]
        # Behind the Job, which they go with; the pod waits for them.
        secrets = [login_of_registry(attempt, uid, login)] if login is not None else []
        secrets.append(secret_of(attempt, uid, content))
        try:
            for secret in secrets:
                await created(api, f"/api/v1/namespaces/{namespace}/secrets", secret)
        except ApiRefusedError:
            # On the node that it holds its pod would wait for ever.
            with suppress(ApiAwayError, ApiRefusedError):
                await delete_job(api, namespace, attempt.name, seconds=0.0)
            raise
        return {
            "attempt": order.attempt,
            "workspace_id": order.workspace_id,
            "run_id": order.run_id,
            "compute": place.name,
            "namespace": namespace,
            "job": attempt.name,
        }

    async def _content(self, order: RunnerOrder) -> dict[str, str]:
        """Return what the pod is told, after all that it will fetch was laid ready."""
        url = self._reach.url(order.place.settings)
        spec = order.place.environment
        wheels = spec.wheels if spec else {}
        pods = replace(self._packer.here, system="Linux")
        parcel = await asyncio.to_thread(
            self._packer.pack, order, pods, own=[order.python], fetched=wheels
        )
        await asyncio.to_thread(self._shelf.keep, parcel.files)
        told = {
            **content_of(order, server_url=url),
            "wanted": parcel.wanted,
            "machine": pods.machine,
        }
        return {**pod_program(), "order.json": json.dumps(told)}

    async def _standing(self, handle: Mapping[str, Any]) -> Standing:
        api, access, namespace = await self._cluster(handle)
        name = self._attempt(handle).name
        board = await self._boards.see(access, namespace)
        if name not in board.jobs:
            # It may have been made since.
            board = await self._boards.see(access, namespace, now=True)
        job, pods = board.jobs.get(name), board.pods.get(name, [])
        seen = standing(job, pods, now=datetime.now(UTC))
        if not without_pod(job, pods):
            return seen
        return replace(seen, waits=await warning_of(api, namespace, name) or seen.waits)

    async def _cluster(self, handle: Mapping[str, Any]) -> tuple[KubernetesApi, Access, str]:
        place = await self._find(handle["workspace_id"], handle["compute"])
        access = self._accesses.of(place.settings, place.credential)
        namespace = handle.get("namespace") or place.settings.get("namespace") or access.namespace
        return self._boards.api(access), access, str(namespace)

    def _attempt(self, handle: Mapping[str, Any]) -> Attempt:
        return Attempt(
            server=self._server,
            workspace_id=handle["workspace_id"],
            compute=handle["compute"],
            run_id=handle["run_id"],
            number=int(handle["attempt"]),
        )

    async def _log_of(self, api: KubernetesApi, access: Access, namespace: str, name: str) -> str:
        """Return the end of what a pod wrote; nothing where there is none."""
        board: Board = await self._boards.see(access, namespace, now=True)
        for pod in board.pods.get(name, []):
            pod_name = quote(pod["metadata"]["name"], safe="")
            path = f"/api/v1/namespaces/{namespace}/pods/{pod_name}/log"
            try:
                return await api.text(path, {"tailLines": str(_LOG_LINES)})
            except ApiRefusedError as error:
                logger.info("A pod has no log: %s", error)
        return ""


def _target(handle: Mapping[str, Any]) -> tuple[str, str]:
    return handle.get("workspace_id", ""), handle.get("compute", "")


def _keep_log(folder: Path, text: str) -> None:
    if text:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "runner.log").write_text(text[-_LOG_LENGTH:], encoding="utf-8")
