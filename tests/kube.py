"""A cluster of Kubernetes that is none: an API server as strict as the real one in what we ask of
it, and a kubelet that runs the container of a pod as a process of this machine.

What only a real scheduler and real images can show is in `tests/e2e/test_kubernetes.py`.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

TOKEN = "cluster-token"  # noqa: S105 (of tests)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PATH = re.compile(
    r"/(?:api/v1|apis/batch/v1)(?:/namespaces/(?P<namespace>[^/]+))"
    r"(?:/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<part>log))?)?)?"
)
_KINDS = {"jobs": "Job", "secrets": "Secret", "pods": "Pod", "events": "Event"}


class StatusError(Exception):
    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class FakeCluster:
    """What it has, by kind and name.

    Attributes:
        unschedulable: Why pods find no node; empty when they do.
        is_away: Nothing is answered.
        is_lossy: What is created is created, and the answer is lost once.
        runs: Whether containers are run at all.
        patch: Words of files of Secrets, and what takes their place.
    """

    folder: Path
    namespaces: tuple[str, ...] = ("default",)
    unschedulable: str = ""
    is_away: bool = False
    is_lossy: bool = False
    runs: bool = False
    patch: tuple[str, str] = ("", "")
    kept: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in _KINDS}
    )
    asked: list[tuple[str, str]] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def __enter__(self) -> Self:
        self._lock = threading.RLock()
        self._version = 1
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for process in self._processes.values():
            process.kill()
            process.wait()

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        return self.kept["jobs"]

    @property
    def pods(self) -> dict[str, dict[str, Any]]:
        return self.kept["pods"]

    def kubeconfig(self, **user: Any) -> str:
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": user or {"token": TOKEN}}],
        }
        return json.dumps(content)

    def pod_of(self, job: str) -> dict[str, Any]:
        return next(pod for pod in self.pods.values() if pod["metadata"]["job"] == job)

    def end_pod(self, job: str, *, code: int = 0, **terminated: Any) -> None:
        """End the pod of a Job, and the Job with it, as the controllers would."""
        with self._lock:
            pod = self.pod_of(job)
            pod["status"] = {
                **pod["status"],
                "phase": "Failed" if code else "Succeeded",
                "containerStatuses": [
                    {"name": "run", "state": {"terminated": {"exitCode": code, **terminated}}}
                ],
            }
            kind = "Failed" if code else "Complete"
            reason = {"reason": "BackoffLimitExceeded"} if code else {}
            if job in self.jobs:
                self.jobs[job]["status"]["conditions"] = [
                    {"type": kind, "status": "True", **reason}
                ]

    def delete_job(self, name: str) -> None:
        """Delete a Job as somebody else would."""
        self._delete("jobs", name, {"propagationPolicy": "Foreground"})

    def end(self, pod: str) -> None:
        """End the container of a pod, as its kubelet would."""
        self._processes[pod].terminate()
        self._processes[pod].wait(30)

    def answer(self, method: str, url: str, body: bytes, *, is_known: bool) -> tuple[int, Any]:
        if not is_known:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        parts = urlsplit(url)
        match = _PATH.fullmatch(parts.path)
        if match is None:
            raise StatusError(404, "NotFound", f"the server could not find {parts.path}")
        namespace, kind, name = match["namespace"], match["kind"], match["name"]
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if method == "POST":
            return 201, self._create(kind, namespace, json.loads(body))
        if name is not None:
            return 200, self._one(method, match, body)
        if kind is not None:
            return 200, self._list(kind, namespace, query)
        if namespace not in self.namespaces:
            raise StatusError(404, "NotFound", f'namespaces "{namespace}" not found')
        return 200, {"kind": "Namespace", "metadata": {"name": namespace}}

    def _one(self, method: str, match: re.Match[str], body: bytes) -> Any:
        namespace, kind, name = match["namespace"], match["kind"], match["name"]
        found = self.kept[kind].get(name)
        if found is None or found["metadata"]["namespace"] != namespace:
            raise StatusError(404, "NotFound", f'{kind}.batch "{name}" not found')
        if match["part"] == "log":
            return self._log(name)
        if method == "DELETE":
            self._delete(kind, name, json.loads(body or b"{}"))
        return found

    def _create(self, kind: str, namespace: str, thing: dict[str, Any]) -> dict[str, Any]:
        if namespace not in self.namespaces:
            raise StatusError(404, "NotFound", f'namespaces "{namespace}" not found')
        meta = thing["metadata"]
        name = meta["name"]
        if thing["kind"] != _KINDS[kind] or not _NAME.fullmatch(name) or len(name) > 63:
            raise StatusError(422, "Invalid", f"{kind} {name!r} is invalid")
        if name in self.kept[kind]:
            raise StatusError(409, "AlreadyExists", f'{kind} "{name}" already exists')
        for value in meta.get("labels", {}).values():
            if value and (not _LABEL.fullmatch(value) or len(value) > 63):
                raise StatusError(422, "Invalid", f"a label is {value!r}")
        meta |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
        self._version += 1
        meta["resourceVersion"] = str(self._version)
        if kind == "secrets":
            words = thing.pop("stringData", {})
            thing["data"] = {
                key: base64.b64encode(text.encode()).decode() for key, text in words.items()
            }
        self.kept[kind][name] = thing
        if kind == "jobs":
            thing["status"] = {}
            self._make_pod(thing)
        self._schedule()
        return thing

    def _list(self, kind: str, namespace: str, query: dict[str, str]) -> dict[str, Any]:
        asked = query.get("labelSelector", "")
        wanted = dict(pair.split("=") for pair in asked.split(",") if pair)
        found = [
            thing
            for thing in self.kept[kind].values()
            if thing["metadata"]["namespace"] == namespace
            and wanted.items() <= thing["metadata"].get("labels", {}).items()
        ]
        begin = int(query.get("continue", 0))
        end = begin + int(query.get("limit", 1000))
        meta = {"continue": str(end)} if end < len(found) else {}
        return {"kind": f"{_KINDS[kind]}List", "metadata": meta, "items": found[begin:end]}

    def _delete(self, kind: str, name: str, options: dict[str, Any]) -> None:
        assert options.get("propagationPolicy") == "Foreground"
        thing = self.kept[kind][name]
        thing["metadata"]["deletionTimestamp"] = now()
        uid = thing["metadata"]["uid"]

        def collect() -> None:
            for pod in list(self._processes):
                if pod in self.pods and self.pods[pod]["metadata"]["job"] == name:
                    self.end(pod)
            with self._lock:
                for others in self.kept.values():
                    for key in [key for key, one in others.items() if _owner(one) == uid]:
                        del others[key]
                self.kept[kind].pop(name, None)

        threading.Thread(target=collect, daemon=True).start()

    def _make_pod(self, job: dict[str, Any]) -> None:
        name = f"{job['metadata']['name']}-{uuid.uuid4().hex[:5]}"
        template = job["spec"]["template"]
        assert template["spec"]["restartPolicy"] == "Never"
        assert job["spec"]["backoffLimit"] == 0
        meta = {
            **template["metadata"],
            "name": name,
            "job": job["metadata"]["name"],
            "namespace": job["metadata"]["namespace"],
            "creationTimestamp": now(),
            "ownerReferences": [{"uid": job["metadata"]["uid"]}],
        }
        self.pods[name] = {
            "metadata": meta,
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }

    def schedule(self) -> None:
        """Give pods that wait a node, if there is one."""
        with self._lock:
            self._schedule()

    def _schedule(self) -> None:
        for name, pod in self.pods.items():
            if pod["status"]["phase"] != "Pending":
                continue
            if self.unschedulable:
                said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
                pod["status"]["conditions"] = [{**said, "message": self.unschedulable}]
                continue
            pod["status"]["conditions"] = [{"type": "PodScheduled", "status": "True"}]
            secret = pod["spec"]["volumes"][0]["secret"]["secretName"]
            if self.runs and secret in self.kept["secrets"]:
                pod["status"]["phase"] = "Running"
                self._run(name, pod)

    def _run(self, name: str, pod: dict[str, Any]) -> None:
        """Run the container of a pod here, with folders in place of its volumes."""
        root = Path(tempfile.mkdtemp(prefix="pod-", dir=self.folder))
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        container = pod["spec"]["containers"][0]
        places: dict[str, str] = {}
        for mount in container["volumeMounts"]:
            place = root / mount["name"]
            place.mkdir()
            places[mount["mountPath"]] = str(place)
            if "secret" in volumes[mount["name"]]:
                data = self.kept["secrets"][volumes[mount["name"]]["secret"]["secretName"]]["data"]
                for key, value in data.items():
                    text = base64.b64decode(value).decode()
                    old, new = (json.dumps(word)[1:-1] for word in self.patch)
                    (place / key).write_text(text.replace(old, new) if old else text)

        def here(word: str) -> str:
            for path in sorted(places, key=len, reverse=True):
                if word == path or word.startswith(f"{path}/"):
                    return places[path] + word[len(path) :]
            return word

        given = {one["name"]: one["value"] for one in container.get("env", [])}
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [here(word) for word in container["command"]],
                cwd=here(container["workingDir"]),
                env={"PATH": os.environ["PATH"], **self.environ, **given},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pod["metadata"]["root"] = str(root)
        self._processes[name] = process
        threading.Thread(target=self._wait, args=(name, process), daemon=True).start()

    def _wait(self, name: str, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        with self._lock:
            pod = self.pods.get(name)
            if pod is not None:
                said = self._log(name)[-2048:] if code else ""
                self.end_pod(pod["metadata"]["job"], code=code if code >= 0 else 137, message=said)

    def _log(self, name: str) -> str:
        root = self.pods[name]["metadata"].get("root")
        if root is None:
            raise StatusError(400, "BadRequest", "the container is waiting to start")
        return Path(root, "log").read_text(errors="replace")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, answer = 200, None
                cluster.asked.append((self.command, self.path))
                try:
                    is_known = self.headers["authorization"] == f"Bearer {TOKEN}"
                    with cluster._lock:
                        status, answer = cluster.answer(
                            self.command, self.path, body, is_known=is_known
                        )
                except StatusError as error:
                    status = error.code
                    answer = {"kind": "Status", "reason": error.reason, "message": str(error)}
                lost = self.command == "POST" and cluster.is_lossy
                if cluster.is_away or lost:
                    cluster.is_lossy = False
                    self.close_connection = True
                    return
                text = answer if isinstance(answer, str) else json.dumps(answer)
                data = text.encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_DELETE = do_GET  # noqa: N815 (the names of the base class)

            def log_message(self, *_: object) -> None: ...

        return Handler


def _owner(thing: dict[str, Any]) -> str:
    owners = thing["metadata"].get("ownerReferences") or [{}]
    return owners[0].get("uid", "")


def fake_cluster(folder: Path, **said: Any) -> Iterator[FakeCluster]:
    """Give a cluster, and end it with all it runs."""
    folder.mkdir()
    with FakeCluster(folder, **said) as cluster:
        yield cluster
    shutil.rmtree(folder, ignore_errors=True)
