"""Stands for a process on another node of a Ray cluster: writes, is ended, and ends as it does.

Run as a file, so that it imports nothing of ours and starts at once: `call.py <file of seats>
<node> <program> <arguments>`. The process gets this one's folder and environment.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from typing import IO

_FRAME = struct.Struct(">BI")
_OUTPUT = 1
_LOST = 1


def main(words: list[str]) -> int:
    """Have the process started, and be it."""
    path, node, *argv = words
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 (starts sooner)
        seats = json.load(file)
    wire = socket.create_connection(("127.0.0.1", seats["port"]))
    asked = {
        "node": int(node),
        "argv": argv,
        "folder": os.getcwd(),  # noqa: PTH109 (starts sooner)
        "environ": dict(os.environ),
    }
    wire.sendall(seats["secret"].encode() + b"\n" + json.dumps(asked).encode() + b"\n")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda number, _: wire.sendall(b"%d\n" % number))
    try:
        with wire.makefile("rb") as told:
            return _pass_on(told)
    except OSError as error:
        sys.stderr.write(f"The node cannot be reached any more: {error}\n")
        return _LOST


def _pass_on(told: IO[bytes]) -> int:
    """Write what the process writes until it ends; return its exit code."""
    while True:
        head = told.read(_FRAME.size)
        if len(head) < _FRAME.size:
            raise ConnectionError("the connection ended")
        kind, size = _FRAME.unpack(head)
        data = told.read(size)
        if kind != _OUTPUT:
            return int(struct.unpack(">i", data)[0])
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def end(code: int) -> None:
    """End as the other process did: by the same signal, or with the same code."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    end(main(sys.argv[1:]))
