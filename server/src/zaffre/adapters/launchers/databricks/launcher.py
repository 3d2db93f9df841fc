"""Runners as one-time jobs of Databricks; implements `ports.launchers.Launcher`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from zaffre.adapters.launchers.databricks.api import (
    Bricks,
    DatabricksApi,
    DatabricksAwayError,
    DatabricksRefusedError,
    JobRun,
    url_of,
)
from zaffre.adapters.launchers.databricks.tasks import name_of, program, task_of
from zaffre.adapters.launchers.elsewhere.parcel import Packer, content_of
from zaffre.adapters.launchers.elsewhere.patience import (
    FIRST_PAUSE,
    PATIENCE_SECONDS,
    Patience,
    when_in_reach,
)
from zaffre.adapters.launchers.elsewhere.shelf import Shelf
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError, ZaffreError
from zaffre.ports.launchers import Account, ComputePlace, OutOfReachError, RunnerOrder

logger = logging.getLogger(__name__)
_STOP_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 1.0
_FRESH_SECONDS: Final = 2.0
_MAX_SEEN: Final = 1000
_BEGIN_SECONDS: Final = 900.0
"""How long a driver may take from its start to its first word: it starts a Spark first."""
_AT_ONCE: Final = 8
_PASSWORDS: Final = ("_USERNAME", "_PASSWORD")

P = ParamSpec("P")
T = TypeVar("T")
_Key = tuple[str, str, int]
FindPlace = Callable[[str, str], Awaitable[ComputePlace]]
"""Returns a compute target of a workspace, and how it is reached."""
OnIndex = Callable[[EnvironmentSpec], Sequence[str]]
"""Returns what an environment comes to on the Python package index, as requirement lines."""
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
        on_index: Translates environments.
        find: Finds a target again.
        patience: For so many seconds a workspace may be out of reach before its runs are lost.
        pause: Before launching is tried again for the first time.
    """

    def __init__(  # noqa: PLR0913 (what it stands between)
        self,
        api: DatabricksApi,
        *,
        server_url: str,
        packer: Packer,
        shelf: Shelf,
        on_index: OnIndex,
        find: FindPlace,
        patience: float = PATIENCE_SECONDS,
        pause: float = FIRST_PAUSE,
    ) -> None:
        self._api = api
        self._server_url = server_url
        self._packer = packer
        self._shelf = shelf
        self._on_index = on_index
        self._find = find
        self._patience = Patience(patience)
        self._pause = pause
        self._seen: dict[_Key, tuple[float, JobRun | None]] = {}
        self._began: dict[_Key, float] = {}
        # Threads of its own: a workspace that does not answer must not hold those of the server.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="databricks")

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Submit the task and return its handle.

        Raises:
            OSError: The workspace refuses it, or the target does not say enough.
            OutOfReachError: The workspace does not answer.
        """
        try:
            # What is submitted twice is one run: an answer that was lost may have been a success.
            return await when_in_reach(
                lambda: self._ask(self._launch, order),
                order,
                away=DatabricksAwayError,
                words=str,
                seconds=self._patience.seconds,
                pause=self._pause,
            )
        except DatabricksAwayError as error:
            raise OutOfReachError(str(error)) from error
        except DatabricksRefusedError as error:
            raise OSError(str(error)) from error

    async def is_alive(self, handle: dict[str, Any]) -> bool:
        """Tell whether the task is not over, as far as anybody can tell.

        One in a workspace that does not answer lives until patience is over.
        """
        try:
            _, run = await self._look(handle)
        except _Failures as error:
            logger.warning("A run of Databricks cannot be asked for: %s", error)
            return self._may_live(handle)
        return run is not None and not run.is_over

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return whether the task waits for its cluster, or why it is over."""
        try:
            bricks, run = await self._look(handle)
            if run is None:
                return Account(ending="Its workspace of Databricks knows no such run.")
            if not run.is_over:
                begins = time.monotonic() - self._began[_key(handle)] < _BEGIN_SECONDS
                return Account(waits=run.waits or begins, reason=run.words)
            error = "" if run.is_success else await self._ask(self._api.error, bricks, run)
        except _Failures as error_:
            return Account(
                waits=self._may_live(handle),
                reason=str(error_),
                ending=f"The runner is silent, and Databricks, too: {error_}",
            )
        said = f" {error}" if error else ""
        return Account(ending=f"The run {run.run_page_url} of Databricks is {run.words}.{said}")

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """Cancel the task and wait until it is over."""
        asked = {**handle, "workspace_id": workspace_id}
        try:
            bricks = await self._bricks(asked)
            if "job_run" in handle:
                run = await self._ask(self._api.find, bricks, int(handle["job_run"]))
            else:
                # The server ended before it kept what it had submitted.
                name = name_of(workspace_id, run_id, int(handle["attempt"]))
                run = await self._ask(self._api.find_going, bricks, name)
            await self._stop(bricks, run)
        except _Failures as error:
            # Its runner is refused whatever it asks from now on, and ends itself.
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
        asked = task_of(order, file=file, told=told, packages=self._packages(order))
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
            "wanted": {**parcel.wanted, "index": _open(parcel.wanted["index"])},
            "machine": drivers.machine,
        }

    def _packages(self, order: RunnerOrder) -> Sequence[str]:
        environment = order.place.environment
        try:
            return self._on_index(environment) if environment is not None else ()
        except InvalidError as error:
            raise OSError(error.message) from error

    async def _look(self, handle: Mapping[str, Any]) -> tuple[Bricks, JobRun | None]:
        """Return the run of a handle as it was a moment ago."""
        key = _key(handle)
        bricks = await self._bricks(handle)
        at, run = self._seen.get(key, (float("-inf"), None))
        if time.monotonic() - at > _FRESH_SECONDS:
            if len(self._seen) > _MAX_SEEN:
                self._seen.clear()
                self._began.clear()
            run = await self._ask(self._api.find, bricks, int(handle["job_run"]))
            self._seen[key] = time.monotonic(), run
            if run is None or run.waits:
                self._began.pop(key, None)
        self._began.setdefault(key, time.monotonic())
        self._patience.begin_anew(key)
        return bricks, run

    def _may_live(self, handle: Mapping[str, Any]) -> bool:
        """Tell whether a run that cannot be asked for is taken to live."""
        return not self._patience.is_over(_key(handle))

    async def _bricks(self, handle: Mapping[str, Any]) -> Bricks:
        return _bricks_of(await self._find(handle["workspace_id"], handle["compute"]))

    async def _stop(self, bricks: Bricks, run: JobRun | None) -> None:
        """Cancel a run and wait until it is over."""
        if run is None or run.is_over:
            return
        deadline = time.monotonic() + _STOP_SECONDS
        await self._ask(self._api.cancel, bricks, run.run_id)
        while True:
            seen = await self._ask(self._api.find, bricks, run.run_id)
            if seen is None or seen.is_over:
                return
            if time.monotonic() > deadline:
                logger.error("The run %s of Databricks does not end.", run.run_page_url)
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, what: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(what, *args, **kwargs))


def _key(handle: Mapping[str, Any]) -> _Key:
    return handle["workspace_id"], handle["compute"], int(handle["job_run"])


def _open(index: Mapping[str, str]) -> dict[str, str]:
    """Return settings of the package index without passwords: those of a task are shown there."""
    return {
        name: value
        for name, value in index.items()
        if "@" not in value and not name.endswith(_PASSWORDS)
    }


def _bricks_of(place: ComputePlace) -> Bricks:
    # Files that it is read from end with a line break.
    token = place.credential.get("access_token", "").strip()
    return Bricks(url_of(str(place.settings.get("workspace_url") or "")), token)
