"""Heads of Ray on this machine, one for each compute target that names no cluster.

A head outlives the server, since the runs below it do. Everything that it starts carries a mark,
by which it is found again and ended as a whole.
"""

import contextlib
import logging
import os
import random
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
import psutil
from zaffre_sdk.wire import decoding

from zaffre.adapters.launchers.orders import write_secretly
from zaffre.adapters.launchers.process import inherited
from zaffre.adapters.launchers.processes import boot_id, kill_until_none, marked, start_of
from zaffre.adapters.launchers.ray.jobs import Cluster

logger = logging.getLogger(__name__)
_MARK: Final = "ZAFFRE_RAY_HEAD"
_FILE: Final = "head.json"
_LOG: Final = "head.log"
_TOKEN: Final = "token"  # noqa: S105 (the name of a file)
_PREFIX: Final = "zaffre-ray-"
_PORTS: Final = range(20000, 32000)
_START_SECONDS: Final = 180.0
_END_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.2
_TAIL: Final = 1500
_VITAL: Final = ("gcs_server", "raylet")
"""Without these a cluster is dead; what else belongs to a head may come and go."""
NO_RAY: Final = (
    "Ray is not installed beside the server. Install it with `pip install 'zaffre[ray]'`, or "
    "attach a cluster by the address of its dashboard."
)


class HeadError(Exception):
    """A head cannot be started; says why."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A head that was started.

    Attributes:
        mark: Of all its processes.
        url: Of its dashboard.
        cores: How many its cluster began with.
        folder: Where Ray keeps what it needs while it runs.
        vital: The processes without which it is dead: number and start; none until it started.
    """

    mark: str
    url: str
    cores: int
    gpus: int | None
    folder: str
    boot: str = ""
    vital: list[tuple[int, str]] = []

    @property
    def lives(self) -> bool:
        """Whether its cluster works, be it without a dashboard."""
        same = self.boot == boot_id() and bool(self.vital)
        return same and all(start_of(pid) == at for pid, at in self.vital)


@dataclass(frozen=True, slots=True)
class HeadOptions:
    """What can be said of a head.

    Attributes:
        cores: None is as many as the machine has.
        gpus: None is those that Ray finds.
    """

    cores: int | None = None
    gpus: int | None = None


class RayHeads:
    """Starts heads, finds them again, and ends them.

    Args:
        folder: Has a folder for each.
        environ: Of the server, of which heads see a part.
    """

    def __init__(self, folder: Path, *, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = inherited(environ)
        self._giving_up = threading.Event()

    def find(self, key: str) -> Head | None:
        """Return the head of that name, dead or alive."""
        try:
            return decoding.from_json((self._folder / key / _FILE).read_bytes(), Head)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def cluster(self, key: str) -> Cluster | None:
        """Return where the dashboard of a head is, if it was ever started."""
        head = self.find(key)
        return None if head is None else Cluster(head.url, self._token(key))

    def keys(self) -> list[str]:
        """Return the names of all heads that were started, or nearly."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_dir())

    def start(self, key: str, options: HeadOptions) -> Head:
        """End what is left of a head, and start it anew.

        Raises:
            HeadError: It cannot be started.
        """
        if find_spec("ray") is None:
            raise HeadError(NO_RAY)
        self._giving_up.clear()
        self.end(key)
        own = self._folder / key
        own.mkdir(mode=0o700, parents=True)
        write_secretly(own / _TOKEN, secrets.token_hex(32).encode())
        dashboard, *ports = _free_ports(5)
        begun = Head(
            mark=secrets.token_hex(8),
            url=f"http://127.0.0.1:{dashboard}",
            cores=options.cores or os.cpu_count() or 1,
            gpus=options.gpus,
            # Paths of sockets are limited to a hundred characters, and a home may be deep.
            folder=tempfile.mkdtemp(prefix=_PREFIX),
        )
        # Kept before anything is started, so that nothing is left behind that nobody knows.
        write_secretly(own / _FILE, msgspec.json.encode(begun))
        self._run(own, begun, _words(begun, dashboard, ports))
        vital = [(pid, at) for pid in _vital(begun, own) if (at := start_of(pid)) is not None]
        if len(vital) < len(_VITAL):
            raise HeadError(f"Ray started and ended again at once. {_tail(own / _LOG)}")
        head = msgspec.structs.replace(begun, boot=boot_id(), vital=vital)
        write_secretly(own / _FILE, msgspec.json.encode(head))
        logger.info("Started a head of Ray at %s", head.url)
        return head

    def end(self, key: str) -> None:
        """End every process of a head, and what runs below it, and remove what it kept."""
        own = self._folder / key
        head = self.find(key)
        if head is not None:
            if not kill_until_none(lambda: _marked(head, own), seconds=_END_SECONDS):
                logger.error("Processes of the head of Ray at %s cannot be ended.", head.url)
            shutil.rmtree(head.folder, ignore_errors=True)
        shutil.rmtree(own, ignore_errors=True)

    def give_up(self) -> None:
        """Let those that are being started be; what is there of them is ended the next time."""
        self._giving_up.set()

    def _run(self, own: Path, head: Head, words: list[str]) -> None:
        environ = {
            **self._environ,
            _MARK: _mark(head, own),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(own / _TOKEN),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        with (own / _LOG).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter and the Ray beside it)
                words,
                cwd=own,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None:
            # In small steps, so that the server does not wait for a head when it stops.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
            if self._giving_up.is_set() or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise HeadError(
                    f"Ray did not start within {_START_SECONDS:g} s. {_tail(own / _LOG)}"
                )
        if process.returncode:
            raise HeadError(
                f"Ray did not start: exit code {process.returncode}. {_tail(own / _LOG)}"
            )

    def _token(self, key: str) -> str:
        path = self._folder / key / _TOKEN
        return path.read_text() if path.exists() else ""


def _words(head: Head, dashboard: int, ports: Sequence[int]) -> list[str]:
    """Return the command that starts a head; it returns once everything has started."""
    said = {
        "--dashboard-host": "127.0.0.1",
        "--dashboard-port": dashboard,
        # The usual ones may be those of another head.
        "--port": ports[0],
        "--ray-client-server-port": ports[1],
        "--dashboard-agent-listen-port": ports[2],
        "--metrics-export-port": ports[3],
        "--min-worker-port": 0,
        "--max-worker-port": 0,
        "--node-ip-address": "127.0.0.1",
        "--num-cpus": head.cores,
        "--temp-dir": head.folder,
    }
    if head.gpus is not None:
        said["--num-gpus"] = head.gpus
    options = [word for name, value in said.items() for word in (name, str(value))]
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head"]
    return [*start, *options, "--disable-usage-stats"]


def _marked(head: Head, own: Path) -> Iterator[psutil.Process]:
    return marked({_MARK: _mark(head, own)}, own)


def _mark(head: Head, own: Path) -> str:
    """Return what all processes of a head carry: a path, so that its home is known by it."""
    return str(own / head.mark)


def _vital(head: Head, own: Path) -> list[int]:
    """Return the processes without which the head is dead."""
    found = []
    for process in _marked(head, own):
        with contextlib.suppress(psutil.Error):
            if process.name() in _VITAL:
                found.append(process.pid)
    return found


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at, below those of outgoing connections."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            found.append(port)
        if len(found) == count:
            return found
    raise HeadError(f"No {count} ports are free between {_PORTS.start} and {_PORTS.stop}.")


def _tail(log: Path) -> str:
    """Return the end of what Ray wrote, without colours."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)[-_TAIL:].strip()
