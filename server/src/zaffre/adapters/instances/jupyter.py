"""JupyterLab as processes of this machine, which outlive the server."""

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from zaffre.adapters.instances.folders import Handle, InstanceFolder, everything
from zaffre.adapters.instances.kernels import lay_kernel
from zaffre.adapters.launchers.process import inherited
from zaffre.adapters.launchers.processes import (
    boot_id,
    descendants,
    kill_until_none,
    marked,
    start_of,
)
from zaffre.base.text import shown
from zaffre.domain.errors import UnavailableError
from zaffre.ports.instances import Activity, InstanceOrder, Key, RunningInstance

logger = logging.getLogger(__name__)
_START_SECONDS: Final = 120.0
_ASK_SECONDS: Final = 5.0
_TERM_SECONDS: Final = 5.0
_KILL_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_LAUNCHES: Final = 2
"""How many are launched at once: each holds a thread for long, of which the server has few."""


class JupyterInstances:
    """Starts Jupyter beside the server; implements `ports.instances.Instances`.

    Args:
        folder: Holds a private folder of each instance.
        environ: The environment of the server.
    """

    def __init__(self, folder: Path, *, environ: Mapping[str, str]) -> None:
        self._home = folder
        self._environ = inherited(environ)
        # Requests to loopback must not leave through a proxy that is meant for the internet.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._launching = asyncio.Semaphore(_LAUNCHES)

    async def find(self, key: Key) -> RunningInstance | None:
        """Return the instance if its process lives."""
        return await asyncio.to_thread(self._find, key)

    async def start(self, order: InstanceOrder) -> RunningInstance:
        """Start an instance, and return when it answers."""
        async with self._launching:
            handle = await asyncio.to_thread(self._launch, order)
        running = RunningInstance(port=handle.port, secret=handle.secret)
        deadline = time.monotonic() + _START_SECONDS
        while await self._status(running, order.base_url) is None:
            alive = await asyncio.to_thread(_is_alive, handle)
            if not alive or time.monotonic() > deadline:
                await self.stop(order.key)
                raise self._failed(order.key, alive=alive)
            await asyncio.sleep(_POLL_SECONDS)
        return running

    async def activity(self, instance: RunningInstance, base_url: str) -> Activity | None:
        """Return what goes on in an instance."""
        status = await self._status(instance, base_url)
        if status is None:
            return None
        kernels = await self._asked(instance, f"{base_url}api/kernels?no_track_activity=1") or []
        return Activity(
            last=datetime.fromisoformat(status["last_activity"]).astimezone(UTC),
            is_busy=any(kernel.get("execution_state") == "busy" for kernel in kernels),
        )

    async def stop(self, key: Key) -> None:
        """End an instance and everything that runs in it."""
        await asyncio.to_thread(self._stop, key)

    async def remove(self, key: Key) -> None:
        """End an instance and keep nothing of it."""
        await self.stop(key)
        await asyncio.to_thread(InstanceFolder(self._home, key).remove)

    async def keep_only(self, keys: Collection[Key]) -> None:
        """Remove all others."""
        known = await asyncio.to_thread(lambda: list(everything(self._home)))
        for key in set(known) - set(keys):
            await self.remove(key)

    def _find(self, key: Key) -> RunningInstance | None:
        handle = InstanceFolder(self._home, key).handle()
        if handle is None or not _is_alive(handle):
            return None
        return RunningInstance(port=handle.port, secret=handle.secret)

    def _launch(self, order: InstanceOrder) -> Handle:
        self._stop(order.key)
        folder = InstanceFolder(self._home, order.key)
        port, secret = _free_port(), secrets.token_urlsafe(32)
        variables = folder.lay(order, port=port, secret=secret)
        programs, kernels = lay_kernel(folder.path, order.python)
        environ = {**self._environ, **order.variables, **variables, **_marks_of(order.key)}
        environ["JUPYTER_PATH"] = str(kernels)
        # What is installed with pip in a terminal goes where the kernels look.
        paths = [str(programs), str(Path(order.python).parent), environ.get("PATH", os.defpath)]
        environ["PATH"] = os.pathsep.join(paths)
        with folder.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 (the interpreter that was built)
                [order.python, "-m", "jupyterlab"],
                cwd=order.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # A child that nobody waits for stays in the table of processes after its end.
        threading.Thread(target=process.wait, name=f"jupyter-{process.pid}", daemon=True).start()
        handle = Handle(
            pid=process.pid,
            start=start_of(process.pid),
            boot=boot_id(),
            port=port,
            secret=secret,
        )
        folder.note(handle)
        return handle

    def _stop(self, key: Key) -> None:
        folder = InstanceFolder(self._home, key)
        handle = folder.handle()
        family: list[Any] = []
        if handle is not None and _is_alive(handle):
            family = descendants(handle.pid)
            _terminate(handle)
        kill_until_none(lambda: [p for p in family if p.is_running()], seconds=_KILL_SECONDS)
        # Also what was started a moment before a crash, of which nothing was noted.
        if not kill_until_none(lambda: marked(_marks_of(key), folder.path), seconds=_KILL_SECONDS):
            logger.error("Processes of the instance %s cannot be ended.", key[1])
        folder.forget()

    async def _status(self, instance: RunningInstance, base_url: str) -> dict[str, Any] | None:
        found = await self._asked(instance, f"{base_url}api/status")
        return found if isinstance(found, dict) and "last_activity" in found else None

    async def _asked(self, instance: RunningInstance, path: str) -> Any:  # noqa: ANN401 (JSON)
        return await asyncio.to_thread(self._ask, instance, path)

    def _ask(self, instance: RunningInstance, path: str) -> Any:  # noqa: ANN401 (JSON)
        request = urllib.request.Request(
            f"http://127.0.0.1:{instance.port}{path}",
            headers={"authorization": f"token {instance.secret}"},
        )
        try:
            with self._opener.open(request, timeout=_ASK_SECONDS) as answer:
                return json.loads(answer.read())
        except (OSError, ValueError, HTTPException):
            # Another program may have taken the port, and speak anything.
            return None

    def _failed(self, key: Key, *, alive: bool) -> UnavailableError:
        why = f"did not answer within {_START_SECONDS:g} s" if alive else "ended by itself"
        tail = InstanceFolder(self._home, key).tail()
        return UnavailableError(
            "InstanceStartFailed",
            f"Jupyter of the instance {shown(key[1])} {why}. It wrote last:\n{tail}",
            hint="Start the instance again; its log lies in the server's home.",
        )


def _marks_of(key: Key) -> dict[str, str]:
    """Return the variables by which every process of an instance is known."""
    return {"ZAFFRE_INSTANCE": f"{key[0]}/{key[1]}"}


def _is_alive(handle: Handle) -> bool:
    return (
        handle.boot == boot_id()
        and handle.start is not None
        and start_of(handle.pid) == handle.start
    )


def _terminate(handle: Handle) -> None:
    """Ask Jupyter to end, so that it ends its kernels; what does not is killed after that."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            os.kill(handle.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _TERM_SECONDS
        while time.monotonic() < deadline:
            if not _is_alive(handle):
                return
            time.sleep(_POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
