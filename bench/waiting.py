"""Waiting for a server that was just started."""

import subprocess
import time
import urllib.request

_LOOK_SECONDS = 0.02


def wait_until_answering(process: "subprocess.Popen[bytes]", url: str, *, seconds: float) -> None:
    """Return once a server answers at an address.

    Raises:
        ChildProcessError: It ended instead.
        TimeoutError: It does not in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ChildProcessError(f"{process.args!r} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - an address of this machine
                return
        except OSError:
            # A server of somebody else tells nobody when it is ready: it has to be asked.
            time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"{process.args!r} did not answer at {url} within {seconds} s")
