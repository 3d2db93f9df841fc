"""Takes a group of places on a Ray cluster, one on each node, and starts the runner at the first.

Run as a file by the Python of the cluster, so that it imports nothing of ours: `spread.py <file of
seats> <nodes> <processors> <GPUs> <runner and its arguments>`. The runner finds in that file where
the nodes are, and a socket by which it starts processes at the others; `call.py` speaks with it.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

_PATIENCE_SECONDS = 900
_FRAME = ">BI"
_OUTPUT, _END = 1, 2
_BLOCK = 65536
_LOST = 1
_THREADS = 64
# Becomes the program, and dies with the place that it runs at.
_LEASH = (
    "import ctypes, os, sys; sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.getppid() == int(sys.argv[1]) and os.execvp(sys.argv[2], sys.argv[2:])"
)


class Seat:
    """A place on a node; starts processes there."""

    def __init__(self) -> None:
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    def address(self) -> str:
        """Return how other nodes reach this one."""
        return str(ray.util.get_node_ip_address())

    def start(self, argv: list[str], folder: str, environ: dict[str, str]) -> int:
        """Start a process and return its number."""
        given = os.environ.get("CUDA_VISIBLE_DEVICES")
        if given is not None:
            environ = {**environ, "CUDA_VISIBLE_DEVICES": given}
        process = subprocess.Popen(  # noqa: S603 (running it is what runs are for)
            [sys.executable, "-c", _LEASH, str(os.getpid()), *argv],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._started[process.pid] = process
        return process.pid

    def read(self, pid: int) -> bytes:
        """Return what the process wrote next; empty when it writes nothing more."""
        output = self._started[pid].stdout
        return b"" if output is None else os.read(output.fileno(), _BLOCK)

    def wait(self, pid: int) -> int:
        """Return the exit code of a process, negative for a signal."""
        return self._started[pid].wait()

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to a process, and to all that it started."""
        if self._started[pid].poll() is None:
            os.killpg(pid, number)

    def lead(self, others: list[Any], told: dict[str, Any], argv: list[str]) -> int:
        """Start the runner here, and what it wants started at the others; return how it ended."""
        file, secret = Path(told["file"]), secrets.token_hex()
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_serve, args=(listener, secret, others), daemon=True).start()
        written = file.with_suffix(".new")
        written.touch(mode=0o600)
        port = listener.getsockname()[1]
        said = {"port": port, "secret": secret, "addresses": told["addresses"]}
        written.write_text(json.dumps(said))
        written.rename(file)
        runner = subprocess.Popen(  # noqa: S603 (our own runner)
            [sys.executable, "-c", _LEASH, str(os.getpid()), *argv],
            cwd=file.parent,
            env={**os.environ, **told["environ"]},
            stdin=subprocess.DEVNULL,
        )
        return runner.wait()


def _serve(listener: socket.socket, secret: str, others: list[Any]) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_call, args=(connection, secret, others), daemon=True).start()


def _call(connection: socket.socket, secret: str, others: list[Any]) -> None:
    """Start one process at another place, and be its wire until one of the two ends."""
    with connection, connection.makefile("rb") as asked:
        if not hmac.compare_digest(asked.readline().strip(), secret.encode()):
            return
        said = json.loads(asked.readline())
        seat = others[said["node"] - 1]
        try:
            pid = ray.get(seat.start.remote(said["argv"], said["folder"], said["environ"]))
            threading.Thread(target=_pass_on, args=(asked, seat, pid), daemon=True).start()
            while True:
                data = ray.get(seat.read.remote(pid))
                if not data:
                    break
                connection.sendall(struct.pack(_FRAME, _OUTPUT, len(data)) + data)
            code = ray.get(seat.wait.remote(pid))
        except (ray.exceptions.RayError, OSError) as error:
            text = f"The process on node {said['node']} is lost: {error}\n".encode()
            connection.sendall(struct.pack(_FRAME, _OUTPUT, len(text)) + text)
            code = _LOST
        end = struct.pack(">i", code)
        connection.sendall(struct.pack(_FRAME, _END, len(end)) + end)


def _pass_on(asked: IO[bytes], seat: Any, pid: int) -> None:  # noqa: ANN401 (an actor of Ray)
    """Pass signals on; a caller that is gone leaves nothing behind."""
    for line in asked:
        seat.signal.remote(pid, int(line))
    seat.signal.remote(pid, signal.SIGKILL)


def main(words: list[str]) -> int:
    """Take the places, run the runner, and end as it does."""
    file, count, cores, gpus, *argv = words
    ray.init(log_to_driver=False)
    nodes, resources = int(count), {"CPU": float(cores), "GPU": float(gpus)}
    bundle = {name: amount for name, amount in resources.items() if amount} or {"CPU": 0.001}
    group = placement_group([bundle] * nodes, strategy="STRICT_SPREAD")
    if not group.wait(_PATIENCE_SECONDS):
        there = sum(node["Alive"] for node in ray.nodes())
        print(  # noqa: T201 (the log of the job)
            f"No {nodes} nodes with {bundle} each were free within {_PATIENCE_SECONDS} s; the "
            f"cluster has {there} nodes."
        )
        return 1
    seats = [
        ray.remote(Seat)
        .options(
            num_cpus=bundle.get("CPU", 0),
            num_gpus=bundle.get("GPU", 0),
            max_concurrency=_THREADS,
            scheduling_strategy=PlacementGroupSchedulingStrategy(
                placement_group=group, placement_group_bundle_index=index
            ),
        )
        .remote()
        for index in range(nodes)
    ]
    marks = ("AZUREML_WORKSPACE_ID", "AZUREML_RUN_ID", "ZAFFRE_ATTEMPT")
    told = {
        "file": file,
        "addresses": ray.get([seat.address.remote() for seat in seats]),
        "environ": {name: os.environ[name] for name in marks if name in os.environ},
    }
    return int(ray.get(seats[0].lead.remote(seats[1:], told, argv)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
