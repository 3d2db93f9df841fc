"""Runs as Jobs of a real cluster, which `ZAFFRE_TEST_KUBECONFIG` names.

`ZAFFRE_TEST_KUBE_HOST` is the address of this machine for its pods, `ZAFFRE_TEST_KUBE_IMAGE` an
image with Python that it can have, and `ZAFFRE_TEST_KUBE_POOL` a label of a node, as `key=value`.
Everything happens in namespaces of their own, which are deleted in the end.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from live import TERMINAL, LiveRuns, LiveServer, Refused, until

CONFIG = os.environ.get("ZAFFRE_TEST_KUBECONFIG", "")
HOST = os.environ.get("ZAFFRE_TEST_KUBE_HOST", "")
IMAGE = os.environ.get("ZAFFRE_TEST_KUBE_IMAGE", "")
POOL = os.environ.get("ZAFFRE_TEST_KUBE_POOL", "")
pytestmark = pytest.mark.skipif(
    not (CONFIG and HOST), reason="no cluster: ZAFFRE_TEST_KUBECONFIG, ZAFFRE_TEST_KUBE_HOST"
)
SECONDS = 240.0
TRAIN = """
import os, platform, sys
from azureml.core import Run
run = Run.get_context()
print("node", platform.node(), os.environ.get("OMP_NUM_THREADS"), flush=True)
for step in range(3):
    run.log("loss", 1 / (step + 1))
open("outputs/model.txt", "w").write("weights")
"""
WAIT = """
import time
print("waiting", flush=True)
time.sleep(600)
"""
GREEDY = """
print("taking", flush=True)
taken = []
while True:
    taken.append(bytearray(10 << 20))
"""


class Kubectl(NamedTuple):
    """What people do to a cluster."""

    namespace: str

    def __call__(self, *words: str, text: str | None = None) -> str:
        command = ["kubectl", "--kubeconfig", CONFIG, "-n", self.namespace, *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def items(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("get", kind, "-o", "json"))["items"]
        return found


@pytest.fixture
def kubectl() -> Iterator[Kubectl]:
    kubectl = Kubectl(f"zaffre-test-{uuid.uuid4().hex[:8]}")
    kubectl("create", "namespace", kubectl.namespace)
    yield kubectl
    kubectl("delete", "namespace", kubectl.namespace, "--wait=false")


@pytest.fixture
def runs(tmp_path: Path, kubectl: Kubectl) -> Iterator[LiveRuns]:
    environ = {"ZAFFRE_HOST": HOST, "ZAFFRE_BEHIND_PROXY": "1"}
    with LiveServer(tmp_path / "home", environ=environ) as server:
        runs = LiveRuns(server)
        attach(runs, kubectl, "pods")
        yield runs
        for run in runs.server.json("GET", f"{runs.root}/runs")["value"]:
            if run["state"] not in TERMINAL:
                runs.cancel(run["id"])
                runs.wait(run["id"], seconds=SECONDS)


def attach(runs: LiveRuns, kubectl: Kubectl, name: str, **settings: Any) -> None:
    usual = {"namespace": kubectl.namespace, **({"image": IMAGE} if IMAGE else {})}
    body = {
        "name": name,
        "kind": "kubernetes",
        "type": "Kubernetes",
        "settings": {**usual, **settings},
        "credential": {"kubeconfig": Path(CONFIG).read_text()},
    }
    runs.server.json("POST", f"{runs.root}/computes", body)

    def ready() -> dict[str, Any] | None:
        found = runs.server.json("GET", f"{runs.root}/computes/{name}")
        return found if found["state"] != "Creating" else None

    found = until(ready)
    assert found["state"] == "Succeeded", found["errors"]


def job_of(kubectl: Kubectl, run: str) -> dict[str, Any] | None:
    jobs = kubectl.items("jobs")
    return next((j for j in jobs if j["metadata"]["labels"]["zaffre/run"] == run), None)


def wait_for(runs: LiveRuns, run: str, text: str) -> None:
    until(lambda: text in runs.log(run) or runs.get(run)["state"] in TERMINAL, seconds=SECONDS)
    assert text in runs.log(run), runs.get(run)["error"]


def test_a_run_is_a_job_of_the_cluster(runs: LiveRuns, kubectl: Kubectl):
    attach(runs, kubectl, "sized", cpu="500m", memory="512Mi")
    run = runs.submit(TRAIN, compute="sized")
    ended = runs.wait(run, seconds=SECONDS)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "node zaffre-" in runs.log(run)
    assert runs.log(run).strip().endswith(" 1")
    assert "outputs/model.txt" in runs.artifacts(run)
    assert "The environment was made in" in runs.log(run, "azureml-logs/20_image_build_log.txt")
    until(lambda: not kubectl.items("jobs,pods,secrets"), seconds=SECONDS)


def test_a_canceled_run_leaves_nothing(runs: LiveRuns, kubectl: Kubectl):
    run = runs.submit(WAIT, compute="pods")
    wait_for(runs, run, "waiting")
    job = job_of(kubectl, run)
    assert job is not None
    secret = json.loads(kubectl("get", "secret", job["metadata"]["name"], "-o", "json"))
    assert secret["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
    assert "zrt_" not in kubectl("get", "jobs,pods", "-o", "json")
    runs.cancel(run)
    assert runs.wait(run, seconds=SECONDS)["state"] == "Canceled"
    until(lambda: not kubectl.items("jobs,pods,secrets"), seconds=SECONDS)


def test_a_run_waits_for_a_node_in_the_words_of_the_scheduler(runs: LiveRuns, kubectl: Kubectl):
    attach(runs, kubectl, "huge", cpu=1000)
    run = runs.submit(TRAIN, compute="huge")
    until(lambda: "Insufficient cpu" in (runs.get(run)["waits_for"] or ""), seconds=SECONDS)
    runs.cancel(run)
    assert runs.wait(run, seconds=SECONDS)["state"] == "Canceled"
    until(lambda: not kubectl.items("jobs"), seconds=SECONDS)


def test_a_quota_is_told(runs: LiveRuns, kubectl: Kubectl):
    kubectl("create", "quota", "none", "--hard=pods=0")
    run = runs.submit(TRAIN, compute="pods")
    until(lambda: "exceeded quota" in (runs.get(run)["waits_for"] or ""), seconds=SECONDS)
    kubectl("delete", "quota", "none")
    runs.cancel(run)
    assert runs.wait(run, seconds=SECONDS)["state"] == "Canceled"


def test_an_image_that_cannot_be_named_ends_the_run(runs: LiveRuns, kubectl: Kubectl):
    attach(runs, kubectl, "wrong", image="NOT/AN IMAGE")
    ended = runs.wait(runs.submit(TRAIN, compute="wrong"), seconds=SECONDS)
    assert ended["error"]["code"] == "ImagePullFailed"
    assert "InvalidImageName" in ended["error"]["message"]


def test_memory_beyond_the_limit_ends_the_run(runs: LiveRuns, kubectl: Kubectl):
    attach(runs, kubectl, "small", memory="300Mi")
    ended = runs.wait(runs.submit(GREEDY, compute="small"), seconds=SECONDS)
    assert ended["error"]["code"] == "MemoryLimitExceeded", ended["error"]
    assert "300" in ended["error"]["message"]


def test_a_job_that_somebody_deletes_ends_its_run(runs: LiveRuns, kubectl: Kubectl):
    run = runs.submit(WAIT, compute="pods")
    wait_for(runs, run, "waiting")
    job = job_of(kubectl, run)
    assert job is not None
    kubectl("delete", "job", job["metadata"]["name"])
    ended = runs.wait(run, seconds=SECONDS)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "PodEnded")
    killed = runs.submit(WAIT, compute="pods")
    wait_for(runs, killed, "waiting")
    kubectl("delete", "pods", "--all", "--grace-period=0", "--force")
    ended = runs.wait(killed, seconds=SECONDS)
    assert (ended["state"], ended["started_at"] is not None) == ("Failed", True)


def test_a_run_outlives_the_server(runs: LiveRuns, kubectl: Kubectl):
    run = runs.submit(WAIT.replace("600", "20"), compute="pods")
    wait_for(runs, run, "waiting")
    port = runs.server.url.rpartition(":")[2]
    runs.server.kill()
    runs.server.start(port=port)
    assert runs.wait(run, seconds=SECONDS)["state"] == "Completed"
    until(lambda: not kubectl.items("jobs"), seconds=SECONDS)


@pytest.mark.skipif(not POOL, reason="no pool: ZAFFRE_TEST_KUBE_POOL")
def test_an_instance_type_chooses_the_node(runs: LiveRuns, kubectl: Kubectl):
    key, _, value = POOL.partition("=")
    types = {"here": {"nodeSelector": {key: value}}, "nowhere": {"nodeSelector": {key: "no"}}}
    attach(runs, kubectl, "typed", instance_types=types, default_instance_type="here")
    assert runs.wait(runs.submit(TRAIN, compute="typed"), seconds=SECONDS)["state"] == "Completed"
    lost = runs.submit(TRAIN, compute="typed", instance_type="nowhere")
    until(lambda: "node affinity" in (runs.get(lost)["waits_for"] or ""), seconds=SECONDS)
    with pytest.raises(Refused, match="InvalidRunSpec"):
        runs.submit(TRAIN, compute="typed", instance_type="none")


def test_pods_keep_to_the_restricted_standard(runs: LiveRuns, kubectl: Kubectl):
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl("label", "namespace", kubectl.namespace, label)
    attach(runs, kubectl, "strict", restricted=True)
    ended = runs.wait(runs.submit(TRAIN, compute="strict"), seconds=SECONDS)
    assert (ended["state"], ended["error"]) == ("Completed", None)


def test_packages_are_put_beside_the_image(runs: LiveRuns):
    version = "{}.{}".format(*sys.version_info[:2])
    environment = {"python_version": version, "pip_packages": ["six==1.16.0"]}
    script = "import six; print('six', six.__version__)"
    run = runs.submit(script, compute="pods", environment=environment)
    ended = runs.wait(run, seconds=SECONDS)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "six 1.16.0" in runs.log(run)
