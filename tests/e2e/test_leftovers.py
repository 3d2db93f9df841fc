"""Sessions of tests that were killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from live import until

LEFTOVERS = Path(__file__).parents[1] / "leftovers.py"
SESSION = """
import subprocess, sys
command = [sys.executable, sys.argv[1]]
ending = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
ending.stdin.write(sys.argv[2].encode() + b"\\n")
ending.stdin.flush()
print("ready", flush=True)
sys.stdin.read()
"""
Start = Callable[..., psutil.Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process that sleeps, with variables."""
    started = []

    def start(**variables: str) -> psutil.Process:
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        started.append(subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **variables}))
        return psutil.Process(started[-1].pid)

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_killed_session_leaves_no_runner_and_ends_nobody_else(tmp_path: Path, start: Start):
    runner, bystander = start(AZUREML_RUN_ID="r"), start()
    command = [sys.executable, "-c", SESSION, LEFTOVERS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"ready\n"
        assert runner.is_running()
        session.kill()
    until(lambda: runner.status() == psutil.STATUS_ZOMBIE)
    assert bystander.status() != psutil.STATUS_ZOMBIE
