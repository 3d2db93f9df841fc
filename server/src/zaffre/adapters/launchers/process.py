"""Runners as processes of this machine, which outlive the server."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from zaffre_sdk.containers.engines import STEERING

from zaffre.adapters.launchers.containers import end_containers
from zaffre.adapters.launchers.orders import ORDER, folder_of, lay_order, marks_of
from zaffre.adapters.launchers.processes import (
    boot_id,
    descendants,
    kill_until_none,
    marked,
    start_of,
)
from zaffre.ports.launchers import Account, RunnerOrder

logger = logging.getLogger(__name__)
_INHERITED: Final = frozenset(
    {
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "USER",
        "LOGNAME",
        "SHELL",
        "LD_LIBRARY_PATH",
        "CUDA_VISIBLE_DEVICES",
        "JAVA_HOME",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        *STEERING,
        # Without these no program starts on Windows.
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "APPDATA",
        "LOCALAPPDATA",
        "USERPROFILE",
        "PATHEXT",
        "COMSPEC",
    }
)
"""What runners take over from the server's environment; secrets of the server are not in it."""
_TERM_SECONDS: Final = 2.0
_KILL_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the processes of runs may see of an environment."""
    return {
        name: value
        for name, value in environ.items()
        if name in _INHERITED or name.startswith("LC_")
    }


class ProcessLauncher:
    """Starts runners beside the server, each in a session of its own.

    The folder of an attempt is `runs/<workspace>/<run>/<attempt>` in the home; only the owner
    can read it. `order.json` there brings the token to the runner.
    """

    def __init__(self, home: Path, *, environ: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environ = inherited(os.environ if environ is None else environ)

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Start the runner and return its handle."""
        return await asyncio.to_thread(self._launch, order)

    async def is_alive(self, handle: dict[str, Any]) -> bool:
        """Tell whether the runner of that handle still lives."""
        return _is_alive(handle)

    async def account(self, handle: dict[str, Any]) -> Account:  # noqa: ARG002 (the port has it)
        """Return what else is known of the runner of that handle."""
        return Account()

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the runner, if it lives, and every process that the run left behind."""
        await asyncio.to_thread(self._stop, workspace_id, run_id, handle)

    async def forget(self, workspace_id: str, run_id: str) -> None:
        """Remove what is kept of a run that has ended."""
        folder = folder_of(self._home, workspace_id, run_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _launch(self, order: RunnerOrder) -> dict[str, Any]:
        folder = lay_order(self._home, order)
        with (folder / "runner.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-m", "zaffre_sdk.runner", str(folder / ORDER)],
                cwd=folder,
                env={**self._environ, **marks_of(order.workspace_id, order.run_id, order.attempt)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # A child that nobody waits for stays in the table of processes after its end.
        threading.Thread(target=process.wait, name=f"runner-{process.pid}", daemon=True).start()
        return {
            "pid": process.pid,
            "start": start_of(process.pid),
            "boot": boot_id(),
            "attempt": order.attempt,
            "image": order.image,
        }

    def _stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        family = _family(handle)
        if _is_alive(handle):
            _terminate(handle)
        # A launch that left no handle may have come to a container all the same.
        if "pid" not in handle or handle.get("image"):
            end_containers(self._environ, workspace_id, run_id, handle.get("attempt"))
        marks = marks_of(workspace_id, run_id, handle.get("attempt"))
        folder = folder_of(self._home, workspace_id, run_id)
        if "attempt" in handle:
            folder /= str(handle["attempt"])
        kill_until_none(lambda: [p for p in family if p.is_running()], seconds=_KILL_SECONDS)
        if not kill_until_none(lambda: marked(marks, folder), seconds=_KILL_SECONDS):
            logger.error("Processes of the run %s cannot be ended.", run_id)


def _family(handle: dict[str, Any]) -> list[Any]:
    return descendants(handle["pid"]) if _is_alive(handle) else []


def _is_alive(handle: dict[str, Any]) -> bool:
    return (
        "pid" in handle
        and handle["boot"] == boot_id()
        and handle["start"] is not None
        and start_of(handle["pid"]) == handle["start"]
    )


def _terminate(handle: dict[str, Any]) -> None:
    """Ask the runner to end, and make it end when it does not."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            os.kill(handle["pid"], number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _TERM_SECONDS
        while time.monotonic() < deadline:
            if not _is_alive(handle):
                return
            time.sleep(_POLL_SECONDS)
