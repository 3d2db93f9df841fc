"""What stands for a workspace of Databricks, as there is none to be had for tests.

It speaks as much of the documented REST interface as launchers use (Jobs 2.1, Workspace 2.0,
SCIM 2.0), refuses whatever that does not know, and keeps runs in the documented states. Its
cluster is real: a task is executed by a real driver, `spark-submit` with a Spark of its own.
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

USER = "ada@example.org"
CLUSTER = "0923-164208-meows279"
_SUBMIT = {"run_name", "tasks", "idempotency_token", "timeout_seconds"}
_TASK = {"task_key", "existing_cluster_id", "new_cluster", "spark_python_task", "libraries"}
_PAGE = 2
"""Fewer than there are, so that whoever looks for one has to turn pages."""
_LIBRARIES = {"pypi": {"package", "repo"}, "maven": {"coordinates", "repo", "exclusions"}}


class RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LiveDatabricks:
    """A workspace with one cluster.

    Args:
        folder: Of its own.
        start: Returns the command line that runs a program with parameters in a driver.
        environ: The whole environment of drivers.

    Attributes:
        lost: Paths whose next answers are lost.
    """

    def __init__(
        self,
        folder: Path,
        start: Callable[[Path, list[str]], list[str]],
        environ: dict[str, str],
    ) -> None:
        self.token = "dapi-0123456789"  # noqa: S105 (of this server alone)
        self.files: dict[str, str] = {}
        self.folders: set[str] = {"/", f"/Users/{USER}"}
        self.submitted: list[dict[str, Any]] = []
        self.holds = False
        self.lost: list[str] = []
        self.folder = folder
        self.start = start
        self._environ = environ
        self._runs: dict[int, dict[str, Any]] = {}
        self._known: dict[str, int] = {}
        self._drivers: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        folder.mkdir()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        for driver in self._drivers.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
        self._server.shutdown()
        self._server.server_close()

    def is_idle(self) -> bool:
        """Tell whether no driver lives."""
        return all(driver.poll() is not None for driver in self._drivers.values())

    def output(self, run_id: int) -> str:
        return (self.folder / f"{run_id}.log").read_text(errors="replace")

    def release(self) -> None:
        """Let the cluster be ready, which runs have waited for."""
        with self._lock:
            self.holds = False
            for run_id, run in self._runs.items():
                if run["state"]["life_cycle_state"] == "PENDING":
                    self._execute(run_id)

    def check_token(self, given: str | None) -> None:
        if given != f"Bearer {self.token}":
            raise RefusedError(403, "PERMISSION_DENIED", "Invalid access token.")

    def check_lost(self, path: str) -> None:
        if path in self.lost:
            self.lost.remove(path)
            raise RefusedError(503, "TEMPORARILY_UNAVAILABLE", "Nobody knows.")

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Any:
        known: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "/api/2.0/preview/scim/v2/Me"): lambda: {"userName": USER, "active": True},
            ("POST", "/api/2.0/workspace/mkdirs"): lambda: self._mkdirs(**body),
            ("POST", "/api/2.0/workspace/import"): lambda: self._import(**body),
            ("POST", "/api/2.1/jobs/runs/submit"): lambda: self._submit(body),
            ("GET", "/api/2.1/jobs/runs/list"): lambda: self._list(query),
            ("GET", "/api/2.1/jobs/runs/get"): lambda: self._get(query),
            ("GET", "/api/2.1/jobs/runs/get-output"): lambda: self._output(query),
            ("POST", "/api/2.1/jobs/runs/cancel"): lambda: self._cancel(body),
        }
        if (method, path) not in known:
            raise RefusedError(404, "ENDPOINT_NOT_FOUND", f"No API found for {method} {path}")
        with self._lock:
            return known[method, path]()

    def _mkdirs(self, path: str) -> dict[str, Any]:
        self.folders.update([path, *map(str, Path(path).parents)])
        return {}

    def _import(self, path: str, content: str, format: str, overwrite: bool) -> dict[str, Any]:  # noqa: A002, FBT001 (as documented)
        if str(Path(path).parent) not in self.folders:
            raise RefusedError(404, "RESOURCE_DOES_NOT_EXIST", "The parent folder does not exist.")
        if path in self.files and not overwrite:
            raise RefusedError(400, "RESOURCE_ALREADY_EXISTS", f"{path} already exists.")
        if format != "AUTO":
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"Format {format}")
        self.files[path] = base64.b64decode(content, validate=True).decode()
        return {}

    def _submit(self, body: dict[str, Any]) -> dict[str, Any]:
        if set(body) - _SUBMIT:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"Unknown: {set(body) - _SUBMIT}")
        token = body["idempotency_token"]
        if len(token) > 64:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", "The token is too long.")
        if token in self._known:
            return {"run_id": self._known[token]}
        (task,) = body["tasks"]
        self._check(task)
        run_id = 1000 + 2 * len(self._runs)
        self._known[token] = run_id
        self.submitted.append(body)
        self._runs[run_id] = {
            "run_id": run_id,
            "run_name": body["run_name"],
            "state": {"life_cycle_state": "PENDING", "state_message": "Waiting for cluster"},
            "run_page_url": f"{self.url}/?o=1#job/1/run/{run_id}",
            "tasks": [{"run_id": run_id + 1, "task_key": task["task_key"]}],
            "task": task,
        }
        if not self.holds:
            self._execute(run_id)
        return {"run_id": run_id}

    def _check(self, task: dict[str, Any]) -> None:
        if set(task) - _TASK:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"Unknown: {set(task) - _TASK}")
        if ("existing_cluster_id" in task) == ("new_cluster" in task):
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", "One of both clusters is needed.")
        if task.get("existing_cluster_id", CLUSTER) != CLUSTER:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", "The cluster does not exist.")
        if len(json.dumps(task["spark_python_task"]["parameters"])) > 10_000:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", "Too many parameters.")
        for library in task["libraries"]:
            ((kind, said),) = library.items()
            if set(said) - _LIBRARIES[kind]:
                raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"Library {library}")

    def _execute(self, run_id: int) -> None:
        run = self._runs[run_id]
        task = run["task"]["spark_python_task"]
        program = self.folder / f"{run_id}.py"
        program.write_text(self.files[task["python_file"]])
        run["state"] = {"life_cycle_state": "RUNNING", "state_message": "In run"}
        with (self.folder / f"{run_id}.log").open("wb") as log:
            driver = subprocess.Popen(
                self.start(program, task["parameters"]),
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._drivers[run_id] = driver
        threading.Thread(target=self._wait, args=(run_id, driver), daemon=True).start()

    def _wait(self, run_id: int, driver: "subprocess.Popen[bytes]") -> None:
        code = driver.wait()
        with self._lock:
            run = self._runs[run_id]
            is_canceled = run["state"]["life_cycle_state"] == "TERMINATING"
            result = "CANCELED" if is_canceled else "FAILED" if code else "SUCCESS"
            run["state"] = {
                "life_cycle_state": "INTERNAL_ERROR" if result == "FAILED" else "TERMINATED",
                "result_state": result,
                "state_message": "Workload failed, see run output" if result == "FAILED" else "",
            }
            lines = self.output(run_id).strip().splitlines() or [""]
            run["error"] = lines[-1] if result == "FAILED" else None

    def _get(self, query: dict[str, str]) -> dict[str, Any]:
        run = self._run(int(query["run_id"]))
        return {name: value for name, value in run.items() if name not in {"task", "error"}}

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        begin = int(query.pop("page_token", "0"))
        if query != {"active_only": "true", "run_type": "SUBMIT_RUN"}:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"Not taken here: {query}")
        over = {"TERMINATED", "INTERNAL_ERROR"}
        going = [
            self._get({"run_id": str(run_id)})
            for run_id, run in reversed(self._runs.items())
            if run["state"]["life_cycle_state"] not in over
        ]
        end = begin + _PAGE
        more = {"next_page_token": str(end)} if len(going) > end else {}
        return {"runs": going[begin:end], "has_more": bool(more), **more}

    def _output(self, query: dict[str, str]) -> dict[str, Any]:
        run = self._run(int(query["run_id"]) - 1)
        return {"metadata": {}, **({"error": run["error"]} if run.get("error") else {})}

    def _cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        run = self._run(body["run_id"])
        driver = self._drivers.get(body["run_id"])
        if driver is None:
            run["state"] = {"life_cycle_state": "TERMINATED", "result_state": "CANCELED"}
        elif driver.poll() is None:
            run["state"] = {"life_cycle_state": "TERMINATING", "state_message": ""}
            driver.terminate()
        return {}

    def _run(self, run_id: int) -> dict[str, Any]:
        if run_id not in self._runs:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"Run {run_id} does not exist.")
        return self._runs[run_id]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        workspace = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                status, told = 200, None
                try:
                    workspace.check_token(self.headers.get("authorization"))
                    asked = json.loads(body) if body else {}
                    told = workspace.answer(self.command, parts.path, query, asked)
                    workspace.check_lost(parts.path)
                except RefusedError as error:
                    status = error.status
                    told = {"error_code": error.code, "message": str(error)}
                except (KeyError, TypeError, ValueError) as error:
                    status = 400
                    told = {"error_code": "MALFORMED_REQUEST", "message": repr(error)}
                sent = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_words: object) -> None:
                pass

        return Handler
