"""Runners as one-time jobs of Databricks; implements `ports.launchers.Launcher`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from zaffre.adapters.launchers.databricks.api import (
    Bricks,
    DatabricksApi,
    DatabricksAwayError,
    DatabricksRefusedError,
    JobRun,
    url_of,
)
from zaffre.adapters.launchers.databricks.tasks import program, task_of
from zaffre.adapters.launchers.elsewhere.parcel import Packer, content_of
from zaffre.adapters.launchers.elsewhere.shelf import Shelf
from zaffre.domain.errors import ZaffreError
from zaffre.ports.launchers import Account, ComputePlace, OutOfReachError, RunnerOrder

logger = logging.getLogger(__name__)
_STOP_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 1.0
_FRESH_SECONDS: Final = 2.0
_MAX_SEEN: Final = 1000
_BEGIN_SECONDS: Final = 900.0
"""How long a driver may take from its start to its first word: it starts a Spark first."""

FindPlace = Callable[[str, str], Awaitable[ComputePlace]]
"""Returns a compute target of a workspace, and how it is reached."""
_Failures = (ZaffreError, DatabricksAwayError, DatabricksRefusedError)


class DatabricksLauncher:
    """Submits a run of one task for each attempt, whose program becomes the runner.

    The program lies in the folder of whose token it is, where others of that workspace cannot
    change it. The token of an attempt is a parameter of the task, and seen by those who may see
    it: that person, and who manages the workspace.

    Args:
        api: Asks the workspaces.
        server_url: Where the server is reached from outside; empty when it is not.
        packer: Packs what the runner is made of.
        shelf: Takes what the program fetches.
        find: Finds a target again.
    """

    def __init__(
        self, api: DatabricksApi, *, server_url: str, packer: Packer, shelf: Shelf, find: FindPlace
    ) -> None:
        self._api = api
        self._server_url = server_url
        self._packer = packer
        self._shelf = shelf
        self._find = find
        self._seen: dict[int, tuple[float, JobRun | None]] = {}
        self._began: dict[int, float] = {}

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Submit the task and return its handle.

        Raises:
            OSError: The workspace refuses it, or the target does not say enough.
            OutOfReachError: The workspace does not answer.
        """
        try:
            return await asyncio.to_thread(self._launch, order)
        except DatabricksAwayError as error:
            raise OutOfReachError(str(error)) from error
        except DatabricksRefusedError as error:
            raise OSError(str(error)) from error

    async def is_alive(self, handle: dict[str, Any]) -> bool | None:
        """Tell whether the task is not over; None while its workspace does not answer."""
        try:
            _, run = await self._look(handle)
        except _Failures as error:
            logger.warning("A run of Databricks cannot be asked for: %s", error)
            return None
        return run is not None and not run.is_over

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return whether the task waits for its cluster, or why it is over."""
        try:
            bricks, run = await self._look(handle)
            if run is None:
                return Account(ending="Its workspace of Databricks knows no such run.")
            if not run.is_over:
                begins = time.monotonic() - self._began[run.run_id] < _BEGIN_SECONDS
                return Account(waits=run.waits or begins, reason=run.words)
            error = "" if run.is_success else await asyncio.to_thread(self._error, bricks, run)
        except _Failures as error_:
            return Account(ending=f"The runner is silent, and Databricks, too: {error_}")
        said = f" {error}" if error else ""
        return Account(ending=f"The run {run.run_page_url} of Databricks is {run.words}.{said}")

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """Cancel the task and wait until it is over."""
        if "job_run" not in handle:
            return  # Its runner is refused whatever it asks, and ends itself.
        try:
            bricks = await self._bricks({**handle, "workspace_id": workspace_id})
            await asyncio.to_thread(self._stop, bricks, int(handle["job_run"]))
        except _Failures as error:
            logger.warning("The run of Databricks for %s was not ended: %s", run_id, error)

    def _launch(self, order: RunnerOrder) -> dict[str, Any]:
        place = order.place
        bricks = _bricks_of(place)
        server_url = str(place.settings.get("server_url") or self._server_url).rstrip("/")
        if not server_url:
            raise OSError(
                "the drivers of Databricks cannot reach this server, which listens on its own "
                "machine alone. Start it with `--public-url`, or set `server_url` of the target "
                "to an address that they reach"
            )
        told = self._told(order, server_url)
        name, text = program()
        folder = str(place.settings.get("folder") or "").rstrip("/")
        file = f"{folder or f'/Users/{self._api.user_name(bricks)}/.zaffre'}/{name}"
        asked = task_of(order, file=file, told=told)
        self._api.upload(bricks, file, text)
        return {
            "attempt": order.attempt,
            "workspace_id": order.workspace_id,
            "compute": place.name,
            "job_run": self._api.submit(bricks, asked),
        }

    def _told(self, order: RunnerOrder, server_url: str) -> dict[str, Any]:
        """Return what the program is told, after all that it will fetch was laid ready."""
        drivers = replace(self._packer.here, system="Linux")
        # The packages of the driver are used, with the libraries that it is told to install.
        plain = replace(order, variables={}, place=replace(order.place, packages=()))
        parcel = self._packer.pack(plain, drivers, own=[order.python])
        self._shelf.keep(parcel.files)
        return {
            **content_of(plain, server_url=server_url),
            "wanted": parcel.wanted,
            "machine": drivers.machine,
        }

    async def _look(self, handle: Mapping[str, Any]) -> tuple[Bricks, JobRun | None]:
        """Return the run of a handle as it was a moment ago."""
        bricks = await self._bricks(handle)
        if "job_run" not in handle:
            return bricks, None
        number = int(handle["job_run"])
        at, run = self._seen.get(number, (float("-inf"), None))
        if time.monotonic() - at > _FRESH_SECONDS:
            if len(self._seen) > _MAX_SEEN:
                self._seen.clear()
                self._began.clear()
            run = await asyncio.to_thread(self._api.find, bricks, number)
            self._seen[number] = time.monotonic(), run
            if run is None or run.waits:
                self._began.pop(number, None)
        self._began.setdefault(number, time.monotonic())
        return bricks, run

    async def _bricks(self, handle: Mapping[str, Any]) -> Bricks:
        return _bricks_of(await self._find(handle["workspace_id"], handle["compute"]))

    def _error(self, bricks: Bricks, run: JobRun) -> str:
        return self._api.error(bricks, run)

    def _stop(self, bricks: Bricks, number: int) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        run = self._api.find(bricks, number)
        if run is not None and not run.is_over:
            self._api.cancel(bricks, number)
        while run is not None and not run.is_over:
            if time.monotonic() > deadline:
                logger.error("The run %s of Databricks does not end.", run.run_page_url or number)
                return
            time.sleep(_PAUSE_SECONDS)
            run = self._api.find(bricks, number)


def _bricks_of(place: ComputePlace) -> Bricks:
    token = place.credential.get("access_token", "")
    return Bricks(url_of(str(place.settings.get("workspace_url") or "")), token)
