"""A real Ray cluster of several nodes on this machine, as somebody else would have started it."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psutil
from zaffre.adapters.launchers.process import inherited
from zaffre.adapters.launchers.processes import kill_until_none, marked
from zaffre.adapters.launchers.ray.heads import _free_ports

MARK = "ZAFFRE_TEST_CLUSTER"
TOKEN = "0123456789abcdef" * 4


class RayCluster:
    """A head and further nodes, each with one processor; closed to whoever has no token."""

    def __init__(self, *, more: int) -> None:
        self._more = more
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        # Short, since paths of sockets are.
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="zr-")))
        (self._folder / "token").write_text(TOKEN)
        self._environ = {
            **inherited(os.environ),
            MARK: secrets.token_hex(8),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self._folder / "token"),
        }
        self._stack.callback(self._end)
        try:
            port, dashboard, client = _free_ports(3)
            self.address = f"127.0.0.1:{dashboard}"
            self._start(
                "--head",
                f"--port={port}",
                f"--dashboard-port={dashboard}",
                f"--ray-client-server-port={client}",
                f"--temp-dir={self._folder}",
            )
            for _ in range(self._more):
                self._start(f"--address=127.0.0.1:{port}")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def find(self, name: str) -> list[psutil.Process]:
        """Return processes of the cluster whose command line has that word in it."""
        return [one for one in self._all() if name in " ".join(one.cmdline())]

    def kill(self, name: str) -> Callable[[], None]:
        """Kill the only process with that word, and return what starts it again."""
        [process] = self.find(name)
        command, environ, folder = process.cmdline(), process.environ(), process.cwd()
        process.kill()

        def start() -> None:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            again = subprocess.Popen(command, env=environ, cwd=folder, **quiet)
            self._stack.callback(again.wait)
            self._stack.callback(again.kill)

        return start

    def _start(self, *options: str) -> None:
        agent, metrics = _free_ports(2)
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *options]
        subprocess.run(
            [
                *command,
                "--num-cpus=1",
                "--num-gpus=0",
                "--min-worker-port=0",
                "--max-worker-port=0",
                f"--dashboard-agent-listen-port={agent}",
                f"--metrics-export-port={metrics}",
                "--disable-usage-stats",
            ],
            env=self._environ,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=120,
            start_new_session=True,
        )

    def _all(self) -> Iterator[psutil.Process]:
        return marked({MARK: self._environ[MARK]}, self._folder)

    def _end(self) -> None:
        assert kill_until_none(self._all, seconds=10)
