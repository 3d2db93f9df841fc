"""Builds that are killed, and builds that meet."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from building import ask, build, need_index
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain.environments import EnvironmentSpec

PROGRAM = Path(__file__).with_name("building_program.py")
PACKAGES = ("six", "idna", "numpy")


@pytest.fixture(autouse=True)
def _index():
    need_index()


def start(folder, packages=PACKAGES):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), ",".join(packages)],
        stdout=subprocess.PIPE,
        text=True,
    )


def working_in(folder):
    """The processes whose command line names `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def until(condition, *, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def test_two_processes_at_once_give_one_build(tmp_path):
    both = [start(tmp_path), start(tmp_path)]
    said = [process.communicate(timeout=120)[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0][-1] == said[1][-1]
    assert said[0][-1].startswith("BUILT ")
    builders = [sum(line.startswith("Environment built in") for line in lines) for lines in said]
    assert sorted(builders) == [0, 1]
    waited = said[builders.index(0)]
    assert any("Waiting for another build" in line or "built already" in line for line in waited)


@pytest.mark.parametrize("moment", ["venv", "Installing", "Resolved", "later"])
def test_a_killed_build_is_never_used_and_leaves_no_process(tmp_path, moment):
    process = start(tmp_path)
    if moment == "venv":
        until(lambda: list(tmp_path.glob("??/*/pyvenv.cfg")))
    elif moment == "later":
        until(lambda: list(tmp_path.glob("??/*/lib/*/site-packages/*.dist-info")))
    else:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(moment):
                break
    process.kill()
    process.communicate(timeout=30)
    until(lambda: not working_in(tmp_path))
    assert not list(tmp_path.glob("??/*/zaffre-environment.json"))

    built, said = build(tmp_path, pip_packages=PACKAGES)
    assert any(line.startswith("Environment built in") for line in said)
    assert ask(built, "import six, idna, numpy, zaffre_sdk; print('ready')") == "ready"


@pytest.mark.slow
def test_twenty_builds_killed_at_any_moment_leave_nothing_that_counts(tmp_path):
    chance = random.Random(37)  # noqa: S311 - moments to kill at, the same every time
    for _ in range(20):
        process = start(tmp_path)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(0.1, 1.5))
        process.kill()
        said = process.communicate(timeout=30)[0]
        until(lambda: not working_in(tmp_path))
        complete = list(tmp_path.glob("??/*/zaffre-environment.json"))
        assert bool(complete) == ("BUILT" in said or "Environment built" in said)
        for folder in complete:
            shutil.rmtree(folder.parent)
    built, _ = build(tmp_path, pip_packages=PACKAGES)
    assert ask(built, "import six, idna, numpy, zaffre_sdk; print('ready')") == "ready"


def test_a_cancelled_build_leaves_no_process_and_no_lock(tmp_path):
    async def story():
        builder = UvBuilder(tmp_path, environ=os.environ)
        spec = EnvironmentSpec(pip_packages=PACKAGES)
        began = asyncio.Event()

        def hear(line):
            if line.startswith("Installing"):
                began.set()

        task = asyncio.create_task(builder.build(spec, hear))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not working_in(tmp_path)
        return await builder.build(spec, print)

    assert ask(asyncio.run(story()), "import numpy; print('ready')") == "ready"


def test_a_stuck_installer_is_ended_when_the_server_is_killed(tmp_path):
    """The guard watches a pipe, so it works whatever the installer does with signals."""
    stubborn = tmp_path / "stubborn.py"
    stubborn.write_text(
        "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True)\nsignal.pause()\n"
    )
    program = (
        "import asyncio, os, sys\n"
        "from zaffre.adapters.builders.process import run\n"
        "say = lambda line: print(line, flush=True)\n"
        "held = os.open('/dev/null', os.O_RDONLY)\n"
        "command = [sys.executable, sys.argv[1]]\n"
        "asyncio.run(run(command, environ=os.environ, said=say, held=held))\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(stubborn)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "up\n"
    os.kill(server.pid, signal.SIGKILL)
    server.wait(timeout=30)
    until(lambda: not working_in(stubborn))
    server.stdout.close()


def test_a_missing_interpreter_is_built_anew(tmp_path):
    built, _ = build(tmp_path, pip_packages=("six",))
    Path(built.python).unlink()
    again, said = build(tmp_path, pip_packages=("six",))
    assert again == built
    assert any(line.startswith("Environment built in") for line in said)
