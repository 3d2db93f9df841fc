"""Runners as processes of this machine, which outlive the server."""

import asyncio
import json
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

from zaffre.adapters.launchers.processes import (
    boot_id,
    descendants,
    kill_until_none,
    marked,
    start_of,
)
from zaffre.ports.launchers import RunnerOrder

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
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
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

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the runner, if it lives, and every process that the run left behind."""
        await asyncio.to_thread(self._stop, workspace_id, run_id, handle)

    async def forget(self, workspace_id: str, run_id: str) -> None:
        """Remove what is kept of a run that has ended."""
        folder = self._folder(workspace_id, run_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _launch(self, order: RunnerOrder) -> dict[str, Any]:
        folder = self._folder(order.workspace_id, order.run_id) / str(order.attempt)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        order_file = folder / "order.json"
        _write_secretly(order_file, self._order(order))
        with (folder / "runner.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-m", "zaffre_sdk.runner", str(order_file)],
                cwd=folder,
                env={**self._environ, **_marks(order.workspace_id, order.run_id, order.attempt)},
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
        }

    def _order(self, order: RunnerOrder) -> bytes:
        content = {
            "workspace_id": order.workspace_id,
            "run_id": order.run_id,
            "attempt": order.attempt,
            "token": order.token,
            "server_url": order.server_url,
            "server_file": str(self._home / "server.json"),
            "python": order.python,
            "variables": order.variables,
        }
        return json.dumps(content).encode()

    def _folder(self, workspace_id: str, run_id: str) -> Path:
        return self._home / "runs" / workspace_id / run_id

    def _stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        family = _family(handle)
        if _is_alive(handle):
            _terminate(handle)
        marks = _marks(workspace_id, run_id, handle.get("attempt"))
        folder = self._folder(workspace_id, run_id)
        if "attempt" in handle:
            folder /= str(handle["attempt"])
        kill_until_none(lambda: [p for p in family if p.is_running()], seconds=_KILL_SECONDS)
        if not kill_until_none(lambda: marked(marks, folder), seconds=_KILL_SECONDS):
            logger.error("Processes of the run %s cannot be ended.", run_id)


def _marks(workspace_id: str, run_id: str, attempt: int | None) -> dict[str, str]:
    """Return the variables by which every process of an attempt is known."""
    marks = {"AZUREML_WORKSPACE_ID": workspace_id, "AZUREML_RUN_ID": run_id}
    return marks if attempt is None else {**marks, "ZAFFRE_ATTEMPT": str(attempt)}


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


def _write_secretly(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at every moment."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
