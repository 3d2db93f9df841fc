"""What every launcher promises, shown on the one that starts processes of this machine."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from live import until
from zaffre.adapters.launchers.process import ProcessLauncher, inherited
from zaffre.ports.launchers import RunnerOrder

# Nothing listens there: the runner waits for its server until it is ended.
ORDER = RunnerOrder(
    workspace_id="ws1",
    run_id="exp_1",
    attempt=1,
    token="zrt_secret",  # noqa: S106
    server_url="http://127.0.0.1:1",
    python=sys.executable,
    variables={"A": "1"},
)
FOLDER = Path("runs/ws1/exp_1/1")


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[ProcessLauncher]:
    launcher = ProcessLauncher(tmp_path, environ=os.environ)
    yield launcher
    asyncio.run(launcher.stop("ws1", "exp_1", {}))


def launch(launcher: ProcessLauncher, order: RunnerOrder = ORDER) -> dict[str, Any]:
    handle = asyncio.run(launcher.launch(order))
    assert json.loads(json.dumps(handle)) == handle
    return handle


def is_alive(launcher: ProcessLauncher, handle: dict[str, Any]) -> bool:
    return asyncio.run(launcher.is_alive(handle))


def stop(launcher: ProcessLauncher, handle: dict[str, Any]) -> None:
    asyncio.run(launcher.stop("ws1", "exp_1", handle))


def orphan(folder: Path, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        cwd=folder,
        env=variables,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[bytes]) -> bool:
    return until(lambda: process.poll() is not None)


def test_a_runner_lives_until_it_is_stopped(launcher: ProcessLauncher):
    handle = launch(launcher)
    assert is_alive(launcher, handle)
    stop(launcher, handle)
    assert not is_alive(launcher, handle)
    # Its parent has fetched it: there is no such process any more, not even a dead one.
    until(lambda: not psutil.pid_exists(handle["pid"]))


def test_the_order_and_its_folder_are_for_the_owner_alone(
    launcher: ProcessLauncher, tmp_path: Path
):
    launch(launcher)
    order = tmp_path / FOLDER / "order.json"
    assert order.stat().st_mode & 0o777 == 0o600
    assert order.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(order.read_text())["token"] == ORDER.token


def test_the_runner_has_a_session_of_its_own_and_no_secret_in_sight(launcher: ProcessLauncher):
    handle = launch(launcher)
    assert os.getsid(handle["pid"]) == handle["pid"] != os.getsid(0)
    process = psutil.Process(handle["pid"])
    seen = " ".join(process.cmdline()) + str(until(process.environ))
    assert "zrt_secret" not in seen


def test_the_environment_is_an_allow_list():
    seen = inherited({"PATH": "p", "LC_ALL": "C", "AWS_SECRET": "s", "ZAFFRE_HOME": "h"})
    assert seen == {"PATH": "p", "LC_ALL": "C"}


def test_another_process_is_never_taken_for_the_runner(launcher: ProcessLauncher):
    handle = launch(launcher)
    assert not is_alive(launcher, {**handle, "pid": os.getpid()})
    assert not is_alive(launcher, {**handle, "boot": "another"})
    assert not is_alive(launcher, {})


def test_another_launcher_finds_it_again(launcher: ProcessLauncher, tmp_path: Path):
    handle = launch(launcher)
    again = ProcessLauncher(tmp_path, environ=os.environ)
    assert is_alive(again, handle)
    stop(again, handle)
    assert not is_alive(again, handle)


def test_a_runner_without_a_handle_is_found_and_ended(launcher: ProcessLauncher):
    handle = launch(launcher)
    stop(launcher, {"attempt": 1})
    assert not is_alive(launcher, handle)


def test_what_a_dead_runner_left_behind_is_ended_and_nothing_else(
    launcher: ProcessLauncher, tmp_path: Path
):
    handle = launch(launcher)
    os.kill(handle["pid"], 9)
    marks = {"AZUREML_WORKSPACE_ID": "ws1", "AZUREML_RUN_ID": "exp_1", "ZAFFRE_ATTEMPT": "1"}
    marked = orphan(tmp_path, **marks)
    hidden = orphan(tmp_path / FOLDER)
    other_run = orphan(tmp_path, **{**marks, "AZUREML_RUN_ID": "exp_10"})
    other_attempt = orphan(tmp_path, **{**marks, "ZAFFRE_ATTEMPT": "2"})
    try:
        stop(launcher, handle)
        assert ended(marked)
        assert ended(hidden)
        assert other_run.poll() is None
        assert other_attempt.poll() is None
    finally:
        for process in (marked, hidden, other_run, other_attempt):
            process.kill()
            process.wait()
