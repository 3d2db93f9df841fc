"""A load generator: a number of connections that each send one request after the other.

    python load.py HOST PORT PATH BODY_FILE --seconds 5 --connections 8 [--bearer KEY]

It prints requests per second and latencies as JSON. A connection that the server closes behind an
answer is opened again, and the time for that counts. wrk does the work where it is installed, so
that on a machine with few cores the measured server gets most of them; elsewhere a loop close to
the sockets does.
"""

import argparse
import json
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_RECEIVE_BYTES = 1 << 16
_HEAD_END = b"\r\n\r\n"


class Connection:
    """One connection with one request under way."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self._address = address
        self._request = request
        self._buffer = b""
        self.socket: socket.socket | None = None
        self.started = 0.0

    def send(self) -> socket.socket:
        """Send the request, over a fresh connection if need be."""
        self.started = time.perf_counter()
        self._buffer = b""
        if self.socket is None:
            self.socket = socket.create_connection(self._address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(self._request)
        return self.socket

    def receive(self) -> int | None:
        """Take what came; return the status once the answer is whole."""
        assert self.socket is not None  # noqa: S101 (sent before)
        data = self.socket.recv(_RECEIVE_BYTES)
        if not data:
            raise ConnectionError("closed before the answer")
        self._buffer += data
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return None
        head = self._buffer[:head_end].lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at : (head + b"\r").index(b"\r", at)])
        if len(self._buffer) < head_end + len(_HEAD_END) + length:
            return None
        return int(head[9:12])

    @property
    def is_closing(self) -> bool:
        """Whether the server said that it closes behind the answer."""
        return b"connection: close" in self._buffer[: self._buffer.find(_HEAD_END)].lower()

    def close(self) -> None:
        """Close the connection."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def request_of(arguments: argparse.Namespace) -> bytes:
    """Return the bytes of the request."""
    body = arguments.body.read_bytes()
    head = (
        f"POST {arguments.path} HTTP/1.1\r\nhost: {arguments.host}:{arguments.port}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    )
    if arguments.bearer:
        head += f"authorization: Bearer {arguments.bearer}\r\n"
    return head.encode() + b"\r\n" + body


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Send requests for a while and return what was seen."""
    selector = selectors.DefaultSelector()
    address = (arguments.host, arguments.port)
    request = request_of(arguments)
    for _ in range(arguments.connections):
        connection = Connection(address, request)
        selector.register(connection.send(), selectors.EVENT_READ, connection)
    latencies: list[float] = []
    failed = 0
    start = time.perf_counter()
    end = start + arguments.seconds
    while time.perf_counter() < end:
        for key, _ in selector.select():
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            latencies.append(time.perf_counter() - connection.started)
            failed += status != 200
            if connection.is_closing:
                selector.unregister(connection.socket)
                connection.close()
                selector.register(connection.send(), selectors.EVENT_READ, connection)
            else:
                connection.send()
    elapsed = time.perf_counter() - start
    return summary(latencies, failed=failed, elapsed=elapsed)


WRK_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = {authorization}
function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local shape = '{{"requests": %d, "failed": %d, "per_second": %f, "p50_ms": %f, "p99_ms": %f}}'
  io.write("RESULT " .. string.format(shape,
    summary.requests, failed, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000) .. "\\n")
end
"""


def measure_with_wrk(wrk: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Let wrk send the requests, from one thread."""
    script = WRK_SCRIPT.format(
        body=json.dumps(arguments.body.read_text()),
        authorization=json.dumps(f"Bearer {arguments.bearer}") if arguments.bearer else "nil",
    )
    url = f"http://{arguments.host}:{arguments.port}{arguments.path}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [wrk, "-t1", f"-c{arguments.connections}", f"-d{arguments.seconds:.0f}s"]
        printed = subprocess.run(
            [*command, "-s", file.name, url], check=True, capture_output=True, text=True
        ).stdout
    line = next(line for line in printed.splitlines() if line.startswith("RESULT "))
    found: dict[str, float] = json.loads(line.removeprefix("RESULT "))
    return found


def summary(latencies: list[float], *, failed: int, elapsed: float) -> dict[str, float]:
    """Return the figures that count; times in milliseconds."""
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "requests": len(latencies),
        "failed": failed,
        "per_second": len(latencies) / elapsed,
        "p50_ms": cuts[49] * 1000,
        "p99_ms": cuts[98] * 1000,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("body", type=Path)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--bearer", default="")
    arguments = parser.parse_args()
    wrk = shutil.which("wrk")
    found = measure_with_wrk(wrk, arguments) if wrk else measure(arguments)
    json.dump(found, sys.stdout)
    print()


if __name__ == "__main__":
    main()
