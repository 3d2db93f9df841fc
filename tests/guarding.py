"""Servers of others, run by tests: as somebody who may little, and no longer than the tests."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

NOBODY = 65534
# The input of this ends with the session, however that ends, and takes the server along.
GUARDED = '"$@" & server=$!; cat > /dev/null; kill -{signal} $server; wait $server'


def humble() -> dict[str, Any]:
    """Return how a process is started that must not be root's, where we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def give(path: Path) -> None:
    """Give a file or folder to whom such a process belongs to."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def run(command: Sequence[object], *, cwd: Path, environ: Mapping[str, str]) -> str:
    """Run a program to its end, humbly; return what it says."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        **humble(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def guarded(
    command: Sequence[object], *, cwd: Path, environ: Mapping[str, str], signal: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server, humbly, until the block ends or the tests die; `signal` ends it."""
    with subprocess.Popen(
        ["/bin/sh", "-c", GUARDED.format(signal=signal), "sh", *map(str, command)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=cwd,
        env=environ,
        **humble(),
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
