"""A server that answers MLflow's client at once and keeps nothing.

What the client does against it is what it can do at all: no server lets it do more. Run as
`python at_once.py PORT FOLDER`; a search is answered with the page in `FOLDER/search.json`.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

RUN_ID = "0" * 32
INFO = {
    "run_id": RUN_ID,
    "run_uuid": RUN_ID,
    "run_name": "run",
    "experiment_id": "1",
    "status": "RUNNING",
    "start_time": 1,
    "artifact_uri": f"mlflow-artifacts:/{RUN_ID}",
    "lifecycle_stage": "active",
}
EXPERIMENT = {"experiment_id": "1", "name": "bench", "lifecycle_stage": "active"}
RUN = {"run": {"info": INFO, "data": {}, "inputs": {}}}
ANSWERS = {
    b"/experiments/get-by-name": {"experiment": EXPERIMENT},
    b"/runs/create": RUN,
    b"/runs/get": RUN,
    b"/runs/update": {"run_info": INFO},
}
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Connection(asyncio.Protocol):
    """Reads just enough of a request to know where the next one begins."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has arrived whole."""
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            head = self._received[:end]
            whole = end + len(_END) + _length(head)
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            path = head.split(b" ", 2)[1]
            body = next((a for part, a in self._answers.items() if part in path), b"{}")
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(body), body)
            )


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return 0 if at < 0 else int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def serve(port: int, folder: Path) -> None:
    """Answer until the process is ended."""
    answers = {path: json.dumps(answer).encode() for path, answer in ANSWERS.items()}
    page = folder / "search.json"
    if page.exists():
        answers[b"/runs/search"] = page.read_bytes()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
