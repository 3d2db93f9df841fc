"""Waiting for a server that was just started."""

import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable

_LOOK_SECONDS = 0.02


def wait_until_answering(process: "subprocess.Popen[bytes]", url: str, *, seconds: float) -> None:
    """Return once a server answers at an address.

    Raises:
        ChildProcessError: It ended instead.
        TimeoutError: It does not in time.
    """

    def ask() -> None:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - an address of this machine
            pass

    _wait(process, ask, place=url, seconds=seconds)


def wait_until_listening(process: "subprocess.Popen[bytes]", port: int, *, seconds: float) -> None:
    """Return once a server that answers nobody unknown listens at a port.

    Raises:
        ChildProcessError: It ended instead.
        TimeoutError: It does not in time.
    """

    def ask() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

    _wait(process, ask, place=f"port {port}", seconds=seconds)


def _wait(
    process: "subprocess.Popen[bytes]", ask: Callable[[], None], *, place: str, seconds: float
) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ChildProcessError(f"{process.args!r} ended with {process.returncode}")
        try:
            ask()
        except OSError:
            # A server of somebody else tells nobody when it is ready: it has to be asked.
            time.sleep(_LOOK_SECONDS)
        else:
            return
    raise TimeoutError(f"{process.args!r} did not answer at {place} within {seconds} s")
