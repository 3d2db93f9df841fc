"""The programs of `examples/training`, each as a person runs it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live import LiveServer
from programs import environ_of

FOLDER = Path(__file__).parents[2] / "examples" / "training"
PROGRAMS = {
    "estimators.py": [
        "regularization: 0.01",
        "regularization: 0.1",
        "AUC above 0.9: True",
        "regularization: 0.5",
        "registered: classification_model True",
    ],
    "clusters.py": [
        "created aml-cluster",
        "ran on aml-cluster 0.01",
        "ran on aml-cluster 0.5",
        "nodes at most: 1",
    ],
    "distributed.py": [
        "processes: 4 sum: True",
        "logs: 4",
        "communicator: gloo nodes: 2",
        "again: Completed",
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with LiveServer(tmp_path_factory.mktemp("training") / "home") as server:
        yield server


def test_every_program_is_run():
    assert {path.name for path in FOLDER.glob("*.py")} == {*PROGRAMS, "sharing.py"}


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_of_the_examples_say_what_they_promise(server, tmp_path, program):
    folder = shutil.copytree(FOLDER, tmp_path / "training")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(folder / program)],
        env=environ_of(server.home),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert [line for line in PROGRAMS[program] if line not in said] == [], done.stdout
