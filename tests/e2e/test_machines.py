"""Runs on a machine that is reached over SSH, by a real SSH server on loopback."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import TERMINAL, LiveRuns, LiveServer, until
from sshd import SSHD, LiveSshd, make_key

pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd here; `make test` brings it")
TRAIN = """
import os, sys
from azureml.core import Run
run = Run.get_context()
print("python", sys.executable, flush=True)
for step in range(3):
    run.log("loss", 1 / (step + 1))
open("outputs/model.txt", "w").write("weights")
"""
WAIT = """
import os, time
from pathlib import Path
from azureml.core import Run
print("url", os.environ["ZAFFRE_URL"], flush=True)
run = Run.get_context()
go = Path({go!r})
step = 0
while not go.exists():
    step += 1
    print("step", step, flush=True)
    time.sleep(0.2)
run.log("steps", step)
print("last step", step, flush=True)
"""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[LiveSshd]:
    sshd = LiveSshd(tmp_path / "machine")
    sshd.start()
    yield sshd
    sshd.stop()


@pytest.fixture
def runs(tmp_path: Path, sshd: LiveSshd) -> Iterator[LiveRuns]:
    with LiveServer(tmp_path / "home") as server:
        runs = LiveRuns(server)
        attach(runs, sshd)
        yield runs
        for run in runs.server.json("GET", f"{runs.root}/runs")["value"]:
            if run["state"] not in TERMINAL:
                runs.cancel(run["id"])
                runs.wait(run["id"])


def attach(runs: LiveRuns, sshd: LiveSshd, name: str = "gpu1", **changes: Any) -> None:
    credential = changes.pop("credential", {"private_key": sshd.key.read_text()})
    body = {
        "name": name,
        "kind": "machine",
        "type": "VirtualMachine",
        "settings": {**sshd.settings, **changes},
        "credential": credential,
    }
    runs.server.json("POST", f"{runs.root}/computes", body)


def wheel(name: str, version: str) -> tuple[str, bytes]:
    """Return a wheel of one module."""
    info = f"{name}-{version}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        f"{name}.py": "WORD = 'from the wheel'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": tags,
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in [*files.items(), (f"{info}/RECORD", record)]:
            archive.writestr(path, text)
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


def metrics(runs: LiveRuns, run: str) -> dict[str, Any]:
    found = runs.server.json("GET", f"{runs.root}/runs/{run}/metrics")["value"]
    return {metric["name"]: metric["last"] for metric in found}


def test_a_run_executes_on_a_machine(runs: LiveRuns, sshd: LiveSshd):
    first = runs.submit(TRAIN, compute="gpu1")
    ended = runs.wait(first)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert f"python {sshd.folder}/work/environments/" in runs.log(first)
    assert metrics(runs, first) == {"loss": 1 / 3}
    assert "outputs/model.txt" in runs.artifacts(first)
    assert "The environment was made in" in runs.log(first, "azureml-logs/20_image_build_log.txt")
    # The second one finds everything there.
    second = runs.submit(TRAIN, compute="gpu1")
    assert runs.wait(second)["state"] == "Completed"
    log = runs.log(second, "azureml-logs/20_image_build_log.txt")
    assert "Sending" not in log
    assert "The environment was made" not in log


def test_several_runs_begin_at_once_on_a_machine_that_has_nothing(runs: LiveRuns):
    ids = [runs.submit(TRAIN, compute="gpu1") for _ in range(4)]
    assert [runs.wait(run)["state"] for run in ids] == ["Completed"] * 4
    logs = [runs.log(run, "azureml-logs/20_image_build_log.txt") for run in ids]
    assert sum(log.count("Sending uv") for log in logs) == 1
    assert sum(log.count("The environment was made in") for log in logs) == 1


def test_the_environment_is_the_one_that_was_built_here(runs: LiveRuns, sshd: LiveSshd):
    text = "import six, sys; print(six.__version__, *sys.version_info[:2], sys.prefix)"
    environment = {"python_version": "3.11", "pip_packages": ["six==1.15.0"]}
    run = runs.submit(text, compute="gpu1", environment=environment)
    assert runs.wait(run, seconds=120)["state"] == "Completed"
    assert f"1.15.0 3 11 {sshd.folder}/work/environments/" in runs.log(run)


def test_an_interpreter_of_the_machine_is_used_with_what_it_has(runs: LiveRuns, sshd: LiveSshd):
    own = sshd.folder / "own"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", own], check=True)
    site = next(own.glob("lib/python*/site-packages"))
    (site / "only_there.py").write_text("WORD = 'of the machine'")
    text = "import only_there, azureml.core; print(only_there.WORD)"
    asked = {"interpreter": str(own / "bin" / "python")}
    run = runs.submit(text, compute="gpu1", environment=asked)
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "of the machine" in runs.log(run)
    # One that only the submitting program has is replaced, which is said.
    other = runs.submit("print('fine')", compute="gpu1", environment={"interpreter": "/no/python"})
    assert runs.wait(other)["state"] == "Completed"
    log = runs.log(other, "azureml-logs/20_image_build_log.txt")
    assert "There is no /no/python on this machine" in log


def test_private_wheels_are_sent_along(runs: LiveRuns):
    name, data = wheel("house_words", "1.0")
    digest = hashlib.sha256(data).hexdigest()
    runs.server.ask("PUT", f"{runs.root}/blobs/{digest}", data)
    environment = {"pip_packages": [], "wheels": {name: digest}}
    text = "import house_words; print(house_words.WORD)"
    run = runs.submit(text, compute="gpu1", environment=environment)
    ended = runs.wait(run, seconds=120)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "from the wheel" in runs.log(run)


def test_a_canceled_run_leaves_nothing_on_the_machine(runs: LiveRuns, tmp_path: Path):
    run = runs.submit(WAIT.format(go=str(tmp_path / "go")), compute="gpu1")
    runs.wait_for(run, "step 2")
    assert runs.processes(run)
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    until(lambda: not runs.processes(run))


def test_a_run_that_is_canceled_while_its_machine_is_prepared_never_starts(
    runs: LiveRuns, sshd: LiveSshd
):
    slow = sshd.folder / "slow"
    slow.write_text("#!/bin/sh\necho starting >> $0.log\nexec cat > /dev/null\n")
    slow.chmod(0o700)
    runs.server.json(
        "PATCH", f"{runs.root}/computes/gpu1", {"settings": {**sshd.settings, "python": str(slow)}}
    )
    run = runs.submit(TRAIN, compute="gpu1")
    until(lambda: Path(f"{slow}.log").exists())
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    assert "python" not in runs.log(run)


def test_a_run_outlives_the_server(runs: LiveRuns, tmp_path: Path):
    go = tmp_path / "go"
    run = runs.submit(WAIT.format(go=str(go)), compute="gpu1")
    runs.wait_for(run, "step 2")
    runs.server.kill()
    go.touch()
    runs.server.start()
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    last = next(line for line in runs.log(run).splitlines() if line.startswith("last step"))
    assert metrics(runs, run) == {"steps": float(last.split()[-1])}
    until(lambda: not runs.processes(run))


@pytest.mark.slow
def test_a_run_outlives_the_connection(runs: LiveRuns, sshd: LiveSshd, tmp_path: Path):
    go = tmp_path / "go"
    run = runs.submit(WAIT.format(go=str(go)), compute="gpu1")
    runs.wait_for(run, "step 2")
    sshd.kill()
    # Without SSH nobody can tell how it goes, and the run goes on.
    until(lambda: runs.get(run)["state"] == "NotResponding", seconds=60)
    sshd.start()
    seen = len(runs.log(run))
    until(lambda: len(runs.log(run)) > seen)
    until(lambda: runs.get(run)["state"] == "Running")
    go.touch()
    ended = runs.wait(run)
    # The script still reached the server where it had been from its view.
    assert (ended["state"], ended["error"]) == ("Completed", None)
    steps = [line for line in runs.log(run).splitlines() if line.startswith("step ")]
    assert steps == [f"step {number}" for number in range(1, len(steps) + 1)]


@pytest.mark.slow
def test_a_connection_that_says_nothing_any_more_is_replaced(
    runs: LiveRuns, sshd: LiveSshd, tmp_path: Path
):
    go = tmp_path / "go"
    run = runs.submit(WAIT.format(go=str(go)), compute="gpu1")
    runs.wait_for(run, "step 2")
    frozen = sshd.freeze()
    seen = len(runs.log(run))
    until(lambda: len(runs.log(run)) > seen + 100, seconds=120)
    assert not any(process.is_running() for process in frozen)
    servers = list(sshd.folder.glob("work/servers/*/server.json"))
    # Programs of the run that know the address from their start go on, too.
    assert json.loads(servers[0].read_bytes())["url"] == runs.log(run).split()[1]
    go.touch()
    assert runs.wait(run)["state"] == "Completed"


def test_a_runner_that_is_killed_is_found_dead(runs: LiveRuns, tmp_path: Path):
    run = runs.submit(WAIT.format(go=str(tmp_path / "go")), compute="gpu1")
    runs.wait_for(run, "step 2")
    runs.runner(run).kill()
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "SupervisorLost")
    until(lambda: not runs.processes(run))


def test_a_key_with_a_passphrase(runs: LiveRuns, sshd: LiveSshd):
    make_key(sshd.key, "open sesame")
    public = sshd.key.with_suffix(".pub").read_text()
    (sshd.folder / "authorized_keys").write_text(public)
    good = {"private_key": sshd.key.read_text(), "passphrase": "open sesame"}
    attach(runs, sshd, "sealed", credential=good)
    assert runs.wait(runs.submit(TRAIN, compute="sealed"))["state"] == "Completed"
    attach(runs, sshd, "closed", credential={**good, "passphrase": "open"})
    error = runs.wait(runs.submit(TRAIN, compute="closed"))["error"]
    assert "its passphrase" in error["message"]


def test_a_login_that_is_refused_is_told(runs: LiveRuns, sshd: LiveSshd, tmp_path: Path):
    make_key(tmp_path / "other")
    attach(runs, sshd, "locked", credential={"private_key": (tmp_path / "other").read_text()})
    error = runs.wait(runs.submit(TRAIN, compute="locked"))["error"]
    assert error["code"] == "RunnerNotLaunched"
    assert "`locked`" in error["message"]
    assert "refuses the login" in error["message"]


def test_a_machine_that_became_another_is_refused(runs: LiveRuns, sshd: LiveSshd):
    assert runs.wait(runs.submit(TRAIN, compute="gpu1"))["state"] == "Completed"
    sshd.kill()
    make_key(sshd.folder / "host")
    sshd.start()
    error = runs.wait(runs.submit(TRAIN, compute="gpu1"))["error"]
    assert "another host key" in error["message"]
    key = " ".join((sshd.folder / "host.pub").read_text().split()[:2])
    settings = {**sshd.settings, "host_key": key}
    runs.server.json("PATCH", f"{runs.root}/computes/gpu1", {"settings": settings})
    assert runs.wait(runs.submit(TRAIN, compute="gpu1"))["state"] == "Completed"


def test_a20_what_cannot_be_a_machine_is_told(runs: LiveRuns, sshd: LiveSshd):
    odd: list[tuple[dict[str, Any], str]] = [
        ({"python": "/nowhere/python3"}, "no such Python"),
        ({"address": "-oProxyCommand=touch pwned"}, "no machine can be reached"),
        ({"username": "-oProxyCommand=x"}, "no machine can be reached"),
        ({"python": "python3; touch pwned"}, "no machine can be reached"),
    ]
    for number, (changes, _) in enumerate(odd):
        attach(runs, sshd, f"odd{number}", **changes)
    ids = [runs.submit(TRAIN, compute=f"odd{number}") for number in range(len(odd))]
    for run, (_, words) in zip(ids, odd, strict=True):
        error = runs.wait(run)["error"]
        assert error["code"] == "RunnerNotLaunched"
        assert words in error["message"]


def test_a_run_waits_for_a_machine_that_is_away(runs: LiveRuns, sshd: LiveSshd):
    sshd.kill()
    run = runs.submit(TRAIN, compute="gpu1")
    until(lambda: "is out of reach" in (runs.get(run)["waits_for"] or ""))
    assert runs.get(run)["state"] == "Starting"
    sshd.start()
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "is out of reach" in runs.log(run, "azureml-logs/20_image_build_log.txt")


def test_nothing_to_log_in_with_stays_on_the_disk(runs: LiveRuns, sshd: LiveSshd, tmp_path: Path):
    assert runs.wait(runs.submit(TRAIN, compute="gpu1"))["state"] == "Completed"
    secret = sshd.key.read_bytes().splitlines()[2]
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert left
    assert not [path for path in left if secret in path.read_bytes()]
    orders = list(sshd.folder.glob("work/runs/*/*/*/*/order.json"))
    assert orders
    assert all(order.stat().st_mode & 0o77 == 0 for order in orders)
    assert json.loads(orders[0].read_bytes())["python"] != sys.executable
