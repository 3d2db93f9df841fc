"""`zaffre down` leaves nothing running, whatever was going on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from zaffre_sdk.client import Client, Transport
from zaffre_sdk.home import Home
from zaffre_sdk.wire.environments import EnvironmentSpec
from zaffre_sdk.wire.runs import RunIn, RunSpec
from zaffre_sdk.wire.workspaces import WorkspaceIn

# A child in a session of its own, which does not heed SIGTERM.
SCRIPT = """
import pathlib, subprocess, sys, time
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True, cwd="/")
print("child", child.pid, flush=True)
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(600)
"""


def zaffre(home: Home, *arguments: str) -> str:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("ZAFFRE_", "AZUREML_"))}
    done = subprocess.run(
        [sys.executable, "-m", "zaffre", *arguments],
        env={**kept, "ZAFFRE_HOME": str(home.root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def living(home: Home) -> list[list[str]]:
    """Return the command lines of processes that name the home."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = process.info["cmdline"] or []
        zombie = process.info["status"] == psutil.STATUS_ZOMBIE
        if not zombie and any(str(home.root) in word for word in command):
            found.append(command)
    return found


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    yield home
    zaffre(home, "down")


def start_run(home: Home, tmp_path: Path) -> int:
    """Start a server and a run, and return the process id of a grandchild of the run."""
    zaffre(home, "up", "--port", "0")
    client = Client(Transport(home.read_server().url, home.read_token()))
    workspace = client.workspace(
        client.workspaces.create(WorkspaceIn(name="w", subscription_id="s", resource_group="g")).id
    )
    source = tmp_path / "source"
    source.mkdir()
    (source / "main.py").write_text(SCRIPT)
    told = tmp_path / "child.pid"
    workspace.runs.create(
        RunIn(
            experiment="e",
            spec=RunSpec(
                kind="script",
                script="main.py",
                arguments=[str(told)],
                snapshot_id=workspace.snapshots.create(source).id,
                environment=EnvironmentSpec(interpreter=sys.executable),
            ),
        )
    )
    until(lambda: told.exists() and told.read_text() != "")
    return int(told.read_text())


def test_down_cancels_runs_and_leaves_no_process(home, tmp_path):
    child = start_run(home, tmp_path)
    assert "active runs     1" in zaffre(home, "status")
    told = zaffre(home, "down")
    assert "Canceled 1 run." in told
    assert "Stopped the server" in told
    assert not is_alive(child)
    assert living(home) == []


def test_down_ends_interactive_runs_too(home):
    zaffre(home, "up", "--port", "0")
    client = Client(Transport(home.read_server().url, home.read_token()))
    new = WorkspaceIn(name="w", subscription_id="s", resource_group="g")
    workspace = client.workspace(client.workspaces.create(new).id)
    workspace.runs.create(RunIn(experiment="e", spec=RunSpec(kind="interactive")))
    started = time.monotonic()
    assert "Canceled 1 run." in zaffre(home, "down")
    assert time.monotonic() - started < 20


def test_down_after_the_server_died_leaves_no_process(home, tmp_path):
    child = start_run(home, tmp_path)
    server = psutil.Process(home.read_server().pid)
    server.kill()
    until(lambda: not is_alive(server.pid))
    assert is_alive(child)
    told = zaffre(home, "down")
    assert "No server runs" in told
    assert "that runs had left behind" in told
    assert not is_alive(child)
    assert living(home) == []


def test_runs_go_on_when_the_server_stops(home, tmp_path):
    child = start_run(home, tmp_path)
    server = psutil.Process(home.read_server().pid)
    server.terminate()
    until(lambda: not is_alive(server.pid))
    assert is_alive(child)
    zaffre(home, "up", "--port", "0")
    assert "active runs     1" in zaffre(home, "status")
    assert is_alive(child)
