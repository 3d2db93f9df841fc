"""Starting the local server: once, however many programs race for it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from zaffre_sdk.client.transport import Request, Transport
from zaffre_sdk.connections import listens
from zaffre_sdk.errors import NoServerError, SdkError
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.locks import FileLock, is_locked
from zaffre_sdk.notices import notice

_START_SECONDS = 20.0
_RACE_SECONDS = 30.0
_PAUSE_SECONDS = 0.03
_LOG_LINES = 12
_LOG_BYTES = 16 * 1024
# What belongs to the program that asks, not to the server that outlives it.
_NOT_INHERITED = ("AZUREML_", "ZAFFRE_URL", "ZAFFRE_TOKEN", "ZAFFRE_ATTEMPT", "ZAFFRE_SPOOL")

# Kept so that a server which ends before its starter is reaped instead of warned about.
_started: list[subprocess.Popen[bytes]] = []


def find_or_start(home: Home) -> ServerInfo:
    """Return the server that runs in a home; start one when none does, and say so in a line.

    Raises:
        NoServerError: zaffre is not installed here, or its server did not come up.
    """
    with _starting(home):
        info = _ready(home)
        if info is not None:
            return info
        info = _launch(home, ())
    notice(f"started a local server at {info.url} (home {home.root}; stop it with: zaffre down)")
    return info


def start_server(home: Home, *, arguments: Sequence[str] = ()) -> ServerInfo:
    """Start a server in the background and return it once it is ready.

    Args:
        home: Where it lives.
        arguments: Further arguments of `zaffre up`, such as `--port 0`.

    Raises:
        NoServerError: It did not come up; the message has the last lines of its log.
    """
    with _starting(home):
        return _ready(home) or _launch(home, arguments)


def server_command() -> list[str] | None:
    """Return the command line that stands for `zaffre` on this machine, or None."""
    if importlib.util.find_spec("zaffre") is not None:
        return [sys.executable, "-m", "zaffre"]
    program = shutil.which("zaffre")
    return [program] if program else None


@contextlib.contextmanager
def _starting(home: Home) -> Iterator[None]:
    """Be the only program that starts a server in this home."""
    try:
        home.prepare()
        with FileLock(home.start_lock_path).acquired(seconds=_RACE_SECONDS):
            yield
    except OSError as error:
        raise NoServerError(
            f"No server can be started in `{home.root}`: {error}. Set ZAFFRE_HOME to a folder "
            "that you may write to."
        ) from error


def _launch(home: Home, arguments: Sequence[str]) -> ServerInfo:
    process = None
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        info = _ready(home)
        if info is not None:
            return info
        # Somebody may be starting one by hand at this moment, or one may be about to end: as
        # long as it holds the home, it is only waited for.
        if not is_locked(home.server_lock_path):
            if process is None:
                process = _spawn(home, arguments)
            elif process.poll() is not None:
                raise _failed(home, "ended at once")
        # Nothing tells when a server of somebody else is ready, or lets go of the home.
        time.sleep(_PAUSE_SECONDS)
    raise _failed(home, f"was not ready after {_START_SECONDS:g} s")


def _spawn(home: Home, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    command = server_command()
    if command is None:
        raise NoServerError(
            "No zaffre server is known, and none is installed here to be started. Install it with "
            "`pip install zaffre`, or set ZAFFRE_URL and ZAFFRE_TOKEN to one that runs."
        )
    full = [*command, "up", "--foreground", "--home", str(home.root), *arguments]
    with home.log_path.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 (our own program, no shell)
            full,
            # Not the caller's folder: `-m` would import what happens to lie there.
            cwd=home.root,
            env=_server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(process)
    return process


def _server_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)
    }


def _ready(home: Home) -> ServerInfo | None:
    """Return the server of a home once it answers."""
    info = home.running()
    if info is None or not listens(info.url):
        return None
    request = Request("GET", "/readyz", patience=0.0)
    try:
        Transport(info.url, "", source=home.server_path).exchange(request)
    except SdkError:
        return None
    return info


def _failed(home: Home, what: str) -> NoServerError:
    lines = _last_lines(home)
    shown = "\n".join(f"  {line}" for line in lines) if lines else "  (it wrote nothing)"
    return NoServerError(
        f"The local server of `{home.root}` {what}. The last lines of `{home.log_path}`:\n{shown}"
    )


def _last_lines(home: Home) -> list[str]:
    try:
        with home.log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_BYTES))
            return log.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except FileNotFoundError:
        return []
