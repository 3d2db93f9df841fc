"""What a runner talks to, and nothing more: so that it can be told what no server says yet."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
from zaffre_sdk.wire.runs import AttemptEnd, AttemptStarted, Resources, RunSpec

_DRIVE = "import runpy; runpy.run_module('zaffre_sdk.runner', run_name='__main__')"
_RUN = "/api/v1/workspaces/w/runs/r"


class AttemptServer:
    """Starts runners, and takes down what they say.

    Attributes:
        logs: What arrived, by path.
        cancel: What runners are told at their next beat.
    """

    def __init__(self, folder: Path) -> None:
        self.logs: dict[str, bytes] = {}
        self.cancel = False
        self.started: AttemptStarted | None = None
        self.ended: list[AttemptEnd] = []
        self._folder = folder
        self._count = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def start(
        self,
        text: str,
        *,
        resources: Resources | None = None,
        python: str = sys.executable,
        environ: dict[str, str] | None = None,
        before: str = "",
        told: dict[str, Any] | None = None,
        **spec: Any,
    ) -> subprocess.Popen[bytes]:
        """Start a runner with a script of that text, in a folder of its own.

        Args:
            text: The script.
            resources: What the runner is told that the script may use.
            python: The interpreter of its environment.
            environ: What is added to the environment of the runner.
            before: What the runner does to itself first.
            told: What else the runner is told.
            spec: What else the run asks for.
        """
        self._count += 1
        folder = self._folder / f"attempt-{self._count}"
        folder.mkdir()
        (folder / "train.py").write_text(text)
        asked = {"kind": "script", "script": str(folder / "train.py"), **spec}
        self.logs, self.ended = {}, []
        self.started = AttemptStarted(
            run_id="r",
            experiment="exp",
            spec=RunSpec(**asked),
            python=python,
            variables={},
            resources=resources or Resources(),
            beat_seconds=0.2,
            **(told or {}),
        )
        order = {
            "workspace_id": "w",
            "run_id": "r",
            "attempt": 1,
            "token": "t",
            "server_url": f"http://127.0.0.1:{self._server.server_port}",
            "server_file": str(self._folder / "server.json"),
            "python": python,
        }
        (folder / "order.json").write_text(json.dumps(order))
        with (folder / "runner.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-c", before + _DRIVE, str(folder / "order.json")],
                cwd=folder,
                env={**os.environ, **(environ or {})},
                stdout=log,
                stderr=log,
            )

    def run(self, text: str, *, seconds: float = 60, **how: Any) -> AttemptEnd:
        """Let a runner run a script to its end, and return what it says of that."""
        runner = self.start(text, **how)
        try:
            runner.wait(seconds)
        finally:
            runner.kill()
            runner.wait()
        assert len(self.ended) == 1, self._said()
        return self.ended[0]

    def log(self, path: str = "user_logs/std_log.txt") -> str:
        return self.logs.get(path, b"").decode()

    def _said(self) -> str:
        return (self._folder / f"attempt-{self._count}" / "runner.log").read_text()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        url = urlsplit(path)
        what = url.path.removeprefix(_RUN)
        if what == "/attempt/start":
            return 200, self.started
        if what == "/attempt/beat":
            return 200, {"cancel": self.cancel}
        if what == "/attempt/end":
            self.ended.append(msgspec.json.decode(body, type=AttemptEnd))
            return 200, _RUN_OUT
        if method == "PUT" and what.startswith("/logs/"):
            name = what.removeprefix("/logs/")
            before = self.logs.get(name, b"")[: int(parse_qs(url.query)["offset"][0])]
            self.logs[name] = before + body
        return 200, {}


def _handler(server: AttemptServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = server.answer(self.command, self.path, body)
            data = msgspec.json.encode(answer)
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 (names that the library looks up)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    return Handler


_RUN_OUT = {
    "id": "r",
    "workspace_id": "w",
    "experiment": "exp",
    "experiment_id": "e",
    "parent_id": None,
    "number": 1,
    "spec": {"kind": "script"},
    "state": "Completed",
    "display_name": "",
    "description": "",
    "tags": {},
    "properties": {},
    "error": None,
    "attempt": 1,
    "created_by": "",
    "created_at": 0.0,
    "started_at": 0.0,
    "ended_at": 0.0,
}
