"""A real server in a process of its own, and requests to it."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

T = TypeVar("T")
TERMINAL = {"Completed", "Failed", "Canceled"}
COMMAND = [sys.executable, "-m", "zaffre", "up", "--foreground", "--port", "0"]


def until(look: Callable[[], T], *, seconds: float = 30) -> T:
    """Return the first true thing that `look` returns."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"nothing after {seconds} seconds, but {seen!r}"
        time.sleep(0.02)


class Refused(Exception):  # noqa: N818 (an answer that tests ask for)
    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class LiveServer:
    """A server over one home, stopped behind a `with`; it can be killed and started again."""

    def __init__(self, home: Path, *, environ: dict[str, str] | None = None) -> None:
        self.home = home
        self.url = ""
        # What is built does not depend on what people have installed besides.
        self._environ = {
            **os.environ,
            "ZAFFRE_CONDA": "never",
            "ZAFFRE_HOME": str(home),
            **(environ or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self, *, port: str = "0") -> None:
        # A server that was killed leaves its file; what counts is the one of the new process.
        with (self.home.parent / "server-output.log").open("ab") as log:
            command = [*COMMAND[:-1], port]
            self._process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)
        until(self._is_ready)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(40)

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> bytes:
        raw = isinstance(body, bytes)
        data = body if raw or body is None else json.dumps(body).encode()
        headers = {
            "authorization": f"Bearer {token or (self.home / 'token').read_text().strip()}",
            "content-type": "application/octet-stream" if raw else "application/json",
        }
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self.url}/api/v1{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 (as above)
                return answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.headers.get("x-ms-error-code", "")) from error

    def json(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        return json.loads(self.ask(method, path, body, token=token))

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server ended"
        try:
            info = json.loads((self.home / "server.json").read_bytes())
            if info["pid"] != self._process.pid:
                return False
            self.url = info["url"]
            self.ask("GET", "/server")
        except (OSError, ValueError, Refused):
            return False
        return True


class LiveRuns:
    """Script runs of one workspace on a live server."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        body = {"name": "ws", "subscription_id": "s", "resource_group": "g", "exist_ok": True}
        self.workspace_id = server.json("POST", "/workspaces", body)["id"]
        self.root = f"/workspaces/{self.workspace_id}"

    def submit(self, text: str, **spec: Any) -> str:
        """Submit a script of that text; everything else of its specification can be replaced."""
        snapshot_id = self.snapshot({"train.py": text})
        asked = {
            "kind": "script",
            "script": "train.py",
            "snapshot_id": snapshot_id,
            "environment": {"interpreter": sys.executable},
            **spec,
        }
        body = {"experiment": "exp", "spec": asked}
        return self.server.json("POST", f"{self.root}/runs", body)["id"]

    def snapshot(self, files: dict[str, str]) -> str:
        entries = []
        for path, text in files.items():
            data = text.encode()
            digest = hashlib.sha256(data).hexdigest()
            self.server.ask("PUT", f"{self.root}/blobs/{digest}", data)
            entries.append({"path": path, "digest": digest, "size": len(data)})
        return self.server.json("POST", f"{self.root}/snapshots", {"files": entries})["id"]

    def get(self, run: str) -> dict[str, Any]:
        return self.server.json("GET", f"{self.root}/runs/{run}")

    def wait(self, run: str, *, seconds: float = 60) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            now = self.get(run)
            return now if now["state"] in TERMINAL else None

        return until(ended, seconds=seconds)

    def wait_for(self, run: str, text: str) -> None:
        """Wait until the log holds `text`."""
        until(lambda: text in self.log(run))

    def log(self, run: str, path: str = "user_logs/std_log.txt") -> str:
        return self.server.ask("GET", f"{self.root}/runs/{run}/logs/{path}").decode()

    def cancel(self, run: str) -> dict[str, Any]:
        return self.server.json("POST", f"{self.root}/runs/{run}/cancel")

    def artifacts(self, run: str) -> list[str]:
        found = self.server.json("GET", f"{self.root}/runs/{run}/artifacts")
        return [artifact["path"] for artifact in found["value"]]

    def processes(self, run: str) -> list[psutil.Process]:
        """Return the living processes that belong to a run, its runner among them."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                mine = process.environ().get("AZUREML_RUN_ID") == run
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def runner(self, run: str) -> psutil.Process:
        return next(p for p in self.processes(run) if "zaffre_sdk.runner" in p.cmdline())
