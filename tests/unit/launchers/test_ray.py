"""Runs as jobs of Ray, told to a dashboard that only answers."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.launchers.ray.heads import RayHeads
from zaffre.adapters.launchers.ray.jobs import (
    Cluster,
    RayAwayError,
    RayJobs,
    RayRefusedError,
    url_of,
)
from zaffre.adapters.launchers.ray.launcher import RayLauncher
from zaffre.domain.computes import ComputeKind, NodeResources
from zaffre.ports.launchers import ComputePlace, OutOfReachError, RunnerOrder

NOBODY = "http://127.0.0.1:1"


@dataclass
class Dashboard:
    """What it answers, and what it was asked."""

    version: Any = field(default_factory=lambda: {"version": "4", "ray_version": "2.60.0"})
    token: str = ""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/api/version":
            return 200, self.version
        if method == "POST" and path == "/api/jobs/":
            job = json.loads(body)
            self.submitted.append(job)
            self.jobs[job["submission_id"]] = {"status": "PENDING", "message": None}
            return 200, {"submission_id": job["submission_id"]}
        name, _, stop = path.removeprefix("/api/jobs/").partition("/")
        if name not in self.jobs:
            return 404, {}
        if stop:
            self.jobs[name]["status"] = "STOPPED"
        return 200, self.jobs[name]


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    board = Dashboard()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = 401, "Unauthorized: Missing authentication token"
            if not board.token or self.headers["authorization"] == f"Bearer {board.token}":
                status, answer = board.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815 (the names of the base class)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        board.url = f"http://127.0.0.1:{server.server_port}"
        yield board
        server.shutdown()


@pytest.fixture
def launcher(tmp_path: Path) -> RayLauncher:
    heads = RayHeads(tmp_path / "ray", environ={})
    return RayLauncher(tmp_path, heads, RayJobs(), near=ProcessLauncher(tmp_path))


def order(url: str, **place: Any) -> RunnerOrder:
    settings = {"address": url, **place.pop("settings", {})}
    return RunnerOrder(
        workspace_id="ws1",
        run_id="exp_1",
        attempt=2,
        token="zrt_secret",  # noqa: S106
        server_url=NOBODY,
        python=sys.executable,
        place=ComputePlace(kind=ComputeKind.RAY, name="rays", settings=settings, **place),
    )


def test_r42_a_version_that_is_too_old_is_said(dashboard: Dashboard):
    dashboard.version = {"version": "4", "ray_version": "2.3.1"}
    with pytest.raises(RayRefusedError, match=r"runs Ray `2\.3\.1`; its version must be 2\.7"):
        RayJobs().version(Cluster(dashboard.url))


def test_what_is_no_open_dashboard_is_said(dashboard: Dashboard):
    dashboard.version = ["hello"]
    with pytest.raises(RayRefusedError, match="no dashboard of Ray"):
        RayJobs().version(Cluster(dashboard.url))
    dashboard.version = {"ray_version": "2" * (5 << 20)}
    with pytest.raises(RayRefusedError, match="says too much"):
        RayJobs().version(Cluster(dashboard.url))
    dashboard.token = "t1"  # noqa: S105
    with pytest.raises(RayRefusedError, match="secret `token`"):
        RayJobs().version(Cluster(dashboard.url))
    dashboard.version = {"ray_version": "3.0.0rc1"}
    assert RayJobs().version(Cluster(dashboard.url, "t1")) == "3.0.0rc1"
    with pytest.raises(RayAwayError, match="does not answer"):
        RayJobs().version(Cluster(NOBODY))


def test_an_address_needs_no_scheme():
    for address in ("http://[head", "he ad", "x" * 70 + ".example"):
        with pytest.raises(RayRefusedError, match="is no address of a dashboard"):
            RayJobs().version(Cluster(url_of(address)))
    assert url_of("head:8265/") == "http://head:8265"
    assert url_of("https://ray.example.org") == "https://ray.example.org"


def test_a_run_is_a_job_that_takes_what_its_node_has(dashboard: Dashboard, launcher: RayLauncher):
    asked = order(dashboard.url, resources=NodeResources(cores=4, memory_mb=2048, gpus=1))
    handle = asyncio.run(launcher.launch(asked))
    assert json.loads(json.dumps(handle)) == handle
    job = dashboard.submitted[0]
    assert job["submission_id"] == "zaffre-ws1-exp_1-2"
    assert (job["entrypoint_num_cpus"], job["entrypoint_num_gpus"]) == (4, 1)
    assert job["entrypoint_memory"] == 2 << 30
    assert "AZUREML_RUN_ID=exp_1" in job["entrypoint"]
    # What is known of a job is read by everybody at that cluster.
    assert "zrt_secret" not in json.dumps(job) + json.dumps(handle)
    own = order(dashboard.url, settings={"num_cpus": 0.5}, resources=NodeResources(cores=4))
    dashboard.jobs.clear()
    asyncio.run(launcher.launch(own))
    assert dashboard.submitted[1]["entrypoint_num_cpus"] == 0.5


def test_several_nodes_are_taken_by_the_job_itself(dashboard: Dashboard, launcher: RayLauncher):
    settings = {"python": "/opt/ray/bin/python"}
    handle = asyncio.run(launcher.launch(order(dashboard.url, node_count=3, settings=settings)))
    job = dashboard.submitted[0]
    assert "entrypoint_num_cpus" not in job
    assert "/opt/ray/bin/python" in job["entrypoint"]
    assert "seats.json 3 1 0 " in job["entrypoint"]
    # It runs, and has not been given its places yet.
    dashboard.jobs[job["submission_id"]]["status"] = "RUNNING"
    assert asyncio.run(launcher.account(handle)).waits


def test_a_job_that_is_pending_waits_and_one_that_is_over_says_why(
    dashboard: Dashboard, launcher: RayLauncher, tmp_path: Path
):
    handle = asyncio.run(launcher.launch(order(dashboard.url)))
    assert asyncio.run(launcher.is_alive(handle)) is True
    assert asyncio.run(launcher.account(handle)).waits
    dashboard.jobs["zaffre-ws1-exp_1-2"].update(status="FAILED", message="out of memory")
    later = RayLauncher(
        tmp_path, RayHeads(tmp_path, environ={}), RayJobs(), near=ProcessLauncher(tmp_path)
    )
    assert asyncio.run(later.is_alive(handle)) is False
    assert "FAILED: out of memory" in asyncio.run(later.account(handle)).ending


def test_r42_a_cluster_that_is_silent_tells_nothing_of_its_runs(
    dashboard: Dashboard, launcher: RayLauncher, tmp_path: Path
):
    handle = asyncio.run(launcher.launch(order(dashboard.url)))
    kept = Path(handle["folder"]) / "job.json"
    kept.write_text(kept.read_text().replace(dashboard.url, NOBODY))
    assert asyncio.run(launcher.is_alive(handle)) is None
    # One that was started anew has never heard of them.
    kept.write_text(kept.read_text().replace(NOBODY, dashboard.url))
    dashboard.jobs.clear()
    other = RayLauncher(
        tmp_path, RayHeads(tmp_path, environ={}), RayJobs(), near=ProcessLauncher(tmp_path)
    )
    assert asyncio.run(other.is_alive(handle)) is False


def test_a_job_is_stopped_also_without_a_handle(dashboard: Dashboard, launcher: RayLauncher):
    asyncio.run(launcher.launch(order(dashboard.url)))
    asyncio.run(launcher.stop("ws1", "exp_1", {"attempt": 2, "kind": "ray", "compute": "rays"}))
    assert dashboard.jobs["zaffre-ws1-exp_1-2"]["status"] == "STOPPED"


def test_r42_a_run_waits_for_a_head_that_cannot_be_reached(
    launcher: RayLauncher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("zaffre.adapters.launchers.ray.launcher._TRY_SECONDS", 0.0)
    with pytest.raises(OutOfReachError, match="does not answer"):
        asyncio.run(launcher.launch(order(NOBODY)))
    with pytest.raises(OutOfReachError, match="has not started"):
        asyncio.run(launcher.launch(order("")))


def test_r42_an_environment_with_another_ray_is_refused(
    dashboard: Dashboard, launcher: RayLauncher
):
    with pytest.raises(OSError, match=r"has Ray 2\.50\.0.*`rays` runs Ray 2\.60\.0"):
        asyncio.run(launcher.launch(order(dashboard.url, packages=("ray==2.50.0",))))
    assert not dashboard.submitted
    asyncio.run(launcher.launch(order(dashboard.url, packages=("numpy==1", "ray==2.60.0"))))
    assert len(dashboard.submitted) == 1
