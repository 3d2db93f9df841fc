"""Runs of Spark on attached pools and clusters, with a real Spark."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer, until
from programs import environ_of
from zaffre_sdk.runner.java import fitting, javas

_SPARK = "4.3.0"
_WHEELS = Path(__file__).parents[2] / ".tools" / "wheels"
_EXAMPLE = Path(__file__).parents[2] / "examples" / "spark"
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not any(java.number in fitting(_SPARK) for java in javas(os.environ)),
        reason="no Java here; `make test` brings it",
    ),
]
_WAIT = """
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("begun", spark.range(3).count(), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    # The wheel that `make test` made; without it the environment is built from sources.
    found = {"UV_FIND_LINKS": str(_WHEELS)} if _WHEELS.is_dir() else {}
    with LiveServer(tmp_path_factory.mktemp("spark") / "home", environ=found) as server:
        yield server


@pytest.fixture(scope="module")
def runs(server: LiveServer) -> LiveRuns:
    runs = LiveRuns(server)
    for name, kind in {"bricks": "Databricks", "hdi": "HDInsight"}.items():
        body = {"name": name, "kind": "spark", "type": kind}
        server.json("POST", f"{runs.root}/computes", body)
    return runs


@pytest.mark.slow
def test_the_program_of_the_examples_says_what_it_promises(server: LiveServer, tmp_path: Path):
    folder = shutil.copytree(_EXAMPLE, tmp_path / "spark")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(folder / "trips.py")],
        env=environ_of(server.home),
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    promised = [
        "zaffre: spark.driver.memory=1g",
        "trips: 2000 lines: 2000 zones: 5",
        "the same types: timestamp, bigint, double",
        "made: True",
    ]
    assert [line for line in promised if line not in said] == [], done.stdout
    assert any(line.startswith("Spark at local[") for line in said)
    assert any(line.startswith("zaffre: Spark ") for line in said)


@pytest.mark.slow
def test_a_canceled_run_leaves_no_java(runs: LiveRuns):
    environment = {"pip_packages": [f"pyspark=={_SPARK}"]}
    # A short life is not worth the best machine code.
    options = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    spark = {"configuration": options}
    run = runs.submit(_WAIT, compute="bricks", environment=environment, spark=spark)
    until(lambda: "begun 3" in runs.log(run), seconds=400)
    assert any("java" in process.name() for process in runs.processes(run))
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    until(lambda: not runs.processes(run))
    folder = runs.server.home / "runs" / runs.workspace_id / run / "1"
    assert not (folder / "spark").exists()


def test_a_plain_script_runs_there_without_spark(runs: LiveRuns):
    run = runs.submit("import os; print(os.environ.get('SPARK_CONF_DIR'))", compute="hdi")
    assert runs.wait(run)["state"] == "Completed"
    assert runs.log(run) == "None\n"


def test_an_interpreter_without_pyspark_is_named(runs: LiveRuns):
    run = runs.submit("", spark={})
    error = runs.wait(run)["error"]
    assert error["code"] == "SparkNotAvailable"
    assert sys.executable in error["message"]
    assert "install `pyspark`" in error["message"]
