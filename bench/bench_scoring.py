"""Scoring: our server, through key and routing, against `azureml-inference-server-http`.

The same score.py, the same scikit-learn and numpy, the same load generator: 8 connections that are
kept alive where the server keeps them, each sending one request after the other. Both servers have
one process for the model, which is how either comes.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import joblib
from azureml.core import Environment, Model, Workspace
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice
from figures import Figure, ratio
from home import fresh_home
from peers import environment
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from waiting import wait_until_answering

ROUNDS = 7
SECONDS = 4.0
FOLDER = Path(__file__).resolve().parent
MODEL_SCRIPT = """
import json, os
import joblib
import numpy as np

def init():
    global model
    model = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))

def run(raw_data):
    return model.predict(np.array(json.loads(raw_data)["data"])).tolist()
"""
EMPTY_SCRIPT = """
def init():
    pass

def run(raw_data):
    return [0]
"""


class Subject:
    """A server that answers one script; measured round by round."""

    def __init__(self, name: str, url: str, *, body: Path, key: str = "") -> None:
        self.name = name
        self._url = urlsplit(url)
        self._body = body
        self._key = key
        self.rounds: list[dict[str, float]] = []

    def measure(self) -> None:
        """Load it for one round."""
        answer = subprocess.run(
            [
                *(sys.executable, "load.py", str(self._url.hostname), str(self._url.port)),
                *(self._url.path, str(self._body)),
                *("--seconds", str(SECONDS), "--bearer", self._key),
            ],
            cwd=FOLDER,
            check=True,
            capture_output=True,
            text=True,
        )
        measured = json.loads(answer.stdout)
        if measured["failed"]:
            raise SystemExit(f"{self.name}: {measured['failed']} requests failed")
        self.rounds.append(measured)

    def figure(self, field: str, unit: str) -> Figure:
        """Return what was measured under a name."""
        return Figure(self.name, unit, [found[field] for found in self.rounds])


@contextmanager
def peer(folder: Path, script: str, body: Path) -> Iterator[Subject]:
    """Give the peer, serving a script."""
    python = environment(
        "inference-server",
        "azureml-inference-server-http",
        *(f"{name}=={version(name)}" for name in ("scikit-learn", "numpy", "joblib")),
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [python.with_name("azmlinfsrv"), "--entry_script", script, "--port", str(port)],
        cwd=folder / "source",
        env={**os.environ, "AZUREML_MODEL_DIR": str(folder / "model")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}/score"
    try:
        wait_until_answering(process, f"http://127.0.0.1:{port}/", seconds=60)
        yield Subject("azureml-inference-server-http", url, body=body)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def ours(workspace: Workspace, folder: Path, script: str, body: Path) -> Subject:
    """Return our server, serving a script behind keys."""
    here = Environment("bench")
    here.python.user_managed_dependencies = True
    here.python.interpreter_path = sys.executable
    model = Model.register(workspace, str(folder / "model" / "model.pkl"), "model")
    service = Model.deploy(
        workspace,
        Path(script).stem.replace("_", "-"),
        [model],
        InferenceConfig(
            entry_script=script, source_directory=str(folder / "source"), environment=here
        ),
        AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, auth_enabled=True),
    )
    service.wait_for_deployment()
    key, _ = service.get_keys()
    return Subject("zaffre", service.scoring_uri, body=body, key=key)


def prepare(folder: Path) -> Path:
    """Write model, scripts and a request; return the request."""
    (folder / "source").mkdir()
    (folder / "model").mkdir()
    (folder / "source" / "with_model.py").write_text(MODEL_SCRIPT)
    (folder / "source" / "with_nothing.py").write_text(EMPTY_SCRIPT)
    features, target = load_breast_cancer(return_X_y=True)
    model = LogisticRegression(max_iter=10_000).fit(features, target)
    joblib.dump(model, folder / "model" / "model.pkl")
    body = folder / "body.json"
    body.write_text(json.dumps({"data": features[:1].tolist()}))
    return body


def compare(workspace: Workspace, folder: Path, script: str, body: Path) -> list[str]:
    """Measure both in turn and return the rows of the report."""
    we = ours(workspace, folder, script, body)
    with peer(folder, script, body) as they:
        for _ in range(ROUNDS):
            for subject in (we, they):
                subject.measure()
    rows = [
        f"| {subject.name} | {subject.figure('per_second', '/s')} "
        f"| {subject.figure('p50_ms', 'ms').median:.3g} ms "
        f"| {subject.figure('p99_ms', 'ms').median:.3g} ms |"
        for subject in (we, they)
    ]
    times = ratio(they.figure("per_second", "/s"), we.figure("per_second", "/s"))
    return [
        "| | requests | p50 | p99 |",
        "|---|---|---|---|",
        *rows,
        "",
        f"{times:.2f} times as many.",
    ]


def main() -> list[str]:
    """Return the lines of the report."""
    with fresh_home(), tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        body = prepare(folder)
        workspace = Workspace.create(
            "bench", subscription_id="local", resource_group="local", exist_ok=True
        )
        return [
            "Logistic regression on one row of the breast cancer data:",
            "",
            *compare(workspace, folder, "with_model.py", body),
            "",
            "A script that answers at once:",
            "",
            *compare(workspace, folder, "with_nothing.py", body),
        ]


if __name__ == "__main__":
    print("\n".join(main()))
