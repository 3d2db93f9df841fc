"""Runs in a workspace of Databricks: what stands for one, and real drivers with a real Spark."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import ComputeTarget, DatabricksCompute
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import RunConfiguration
from databricks import CLUSTER, USER, LiveDatabricks
from live import TERMINAL, LiveRuns, LiveServer, until
from uv import find_uv_bin
from zaffre_sdk.runner.java import HOME, fitting, javas

_WHEELS = Path(__file__).parents[2] / ".tools" / "wheels"
_SPARK = "4.3.0"
_JAVA = next((one for one in javas(os.environ) if one.number in fitting(_SPARK)), None)
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(_JAVA is None, reason="no Java here; `make test` brings it"),
]
_COUNT = """
from azureml.core import Run
from pyspark.sql import SparkSession
run = Run.get_context()
spark = SparkSession.builder.getOrCreate()
print("driver", spark.conf.get("spark.test.driver"), flush=True)
run.log("sum", spark.range(101).groupBy().sum("id").first()[0])
open("outputs/made.txt", "w").write("made there")
known = spark.sparkContext.applicationId
spark.stop()
again = SparkSession.builder.getOrCreate().sparkContext.applicationId
print("goes on", again == known, flush=True)
"""
_WAIT = """
import time
from pyspark.sql import SparkSession
print("begun", SparkSession.builder.getOrCreate().range(3).count(), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a driver, with PySpark and nothing of ours."""
    folder = tmp_path_factory.mktemp("cluster") / "python"
    uv, python = find_uv_bin(), folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    links = ["--find-links", _WHEELS] if _WHEELS.is_dir() else []
    install = [uv, "pip", "install", "--quiet", "--python", python, *links, f"pyspark=={_SPARK}"]
    subprocess.run(install, check=True)
    return python


@pytest.fixture
def bricks(tmp_path: Path, cluster: Path) -> Iterator[LiveDatabricks]:
    def start(program: Path, parameters: list[str]) -> list[str]:
        settings = {
            "spark.ui.enabled": "false",
            "spark.test.driver": "of the cluster",
            # A short life is not worth the best machine code.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        }
        words = [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
        submit = str(cluster.with_name("spark-submit"))
        return [submit, "--master", "local[2]", *words, str(program), *parameters]

    assert _JAVA is not None
    environ = {
        "PATH": os.pathsep.join([str(cluster.parent), os.environ["PATH"]]),
        "HOME": str(Path.home()),
        HOME: str(_JAVA.home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(cluster),
    }
    with LiveDatabricks(tmp_path / "bricks", start, environ) as bricks:
        yield bricks


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("databricks") / "home") as server:
        yield server


@pytest.fixture
def workspace(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    return Workspace.create(
        "bricks", subscription_id="local", resource_group="local", exist_ok=True
    )


@pytest.fixture
def submitted(
    workspace: Workspace, bricks: LiveDatabricks, server: LiveServer, tmp_path: Path
) -> Iterator[Any]:
    """Return what submits a script to a target that is attached for it."""
    made: list[Any] = []

    def submit(text: str, **changes: Any) -> Any:
        folder = tmp_path / "code"
        folder.mkdir()
        (folder / "job.py").write_text(text)
        said = {
            "workspace_url": bricks.url,
            "access_token": bricks.token,
            "existing_cluster_id": CLUSTER,
            "server_url": server.url,
        }
        configuration = DatabricksCompute.attach_configuration(**{**said, **changes})
        name = f"bricks-{tmp_path.name[-8:].strip('-_')}"
        ComputeTarget.attach(workspace, name, configuration)
        run_config = RunConfiguration(framework="PySpark")
        run_config.target = name
        run_config.spark.configuration["spark.sql.shuffle.partitions"] = 2
        run_config.environment.python.conda_dependencies = CondaDependencies.create(
            conda_packages=["scipy=1.11"], pip_packages=["tabulate"]
        )
        config = ScriptRunConfig(str(folder), script="job.py", run_config=run_config)
        made.append(Experiment(workspace, "bricks").submit(config))
        return made[-1]

    yield submit
    for run in made:
        if run.get_status() not in TERMINAL:
            run.cancel()
    until(lambda: all(run.get_status() in TERMINAL for run in made), seconds=120)


@pytest.mark.slow
def test_a_run_works_with_the_spark_of_the_driver(submitted: Any, bricks: LiveDatabricks):
    bricks.holds = True
    run = submitted(_COUNT)
    until(lambda: bricks.submitted, seconds=120)
    assert run.get_status() == "Starting"
    bricks.release()
    until(lambda: run.get_status() in {"Completed", "Failed"}, seconds=400)
    assert run.get_details().get("error") is None
    assert run.get_status() == "Completed"
    assert run.get_metrics() == {"sum": 5050}
    assert "outputs/made.txt" in run.get_file_names()
    run.download_file("user_logs/std_log.txt", str(bricks.folder / "log.txt"))
    said = (bricks.folder / "log.txt").read_text()
    assert "driver of the cluster" in said
    assert "goes on True" in said
    (asked,) = bricks.submitted
    (task,) = asked["tasks"]
    assert task["existing_cluster_id"] == CLUSTER
    assert task["libraries"] == [
        {"pypi": {"package": "scipy==1.11.*"}},
        {"pypi": {"package": "tabulate"}},
    ]
    assert task["spark_python_task"]["python_file"].startswith(f"/Users/{USER}/.zaffre/start-")


@pytest.mark.slow
def test_a_run_that_is_canceled_ends_there(
    submitted: Any, bricks: LiveDatabricks, server: LiveServer
):
    run = submitted(_WAIT)

    def log() -> str:
        names = run.get_file_names()
        if "user_logs/std_log.txt" not in names:
            return ""
        run.download_file("user_logs/std_log.txt", str(bricks.folder / "log.txt"))
        return (bricks.folder / "log.txt").read_text()

    until(lambda: "begun 3" in log(), seconds=400)
    run.cancel()
    until(lambda: run.get_status() == "Canceled", seconds=60)
    until(bricks.is_idle, seconds=60)
    runs = LiveRuns(server)
    until(lambda: not runs.processes(run.id))


def test_a_driver_that_fails_is_told(submitted: Any, bricks: LiveDatabricks):
    bricks.start = lambda _program, _parameters: ["sh", "-c", "echo no disk is left; exit 3"]
    run = submitted(_COUNT)
    until(lambda: run.get_status() == "Failed", seconds=60)
    said = str(run.get_details()["error"])
    assert "no disk is left" in said
    assert "Workload failed" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"access_token": "dapi-other"}, "Invalid access token"),
        ({"existing_cluster_id": "0000-other"}, "The cluster does not exist"),
        ({"server_url": None}, "Start it with `--public-url`"),
    ],
)
def test_what_the_workspace_refuses_is_told(submitted: Any, changes: dict[str, Any], words: str):
    run = submitted(_COUNT, **changes)
    until(lambda: run.get_status() == "Failed", seconds=60)
    assert words in str(run.get_details()["error"])
