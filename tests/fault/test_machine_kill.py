"""Server, SSH server and connections are killed at random moments; every run ends exactly once.

ZAFFRE_FAULT_COUNT says how often; a few times by default. ZAFFRE_FAULT_SEED is the first seed.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer
from sshd import SSHD, LiveSshd

COUNT = int(os.environ.get("ZAFFRE_FAULT_COUNT", "2"))
FIRST = int(os.environ.get("ZAFFRE_FAULT_SEED", "0"))
RUNS = 4
STEPS = 60
SCRIPT = f"""
import os, time
from azureml.core import Run
run = Run.get_context()
with open(os.environ["PROOF"], "a") as proof:
    proof.write(os.environ["AZUREML_RUN_ID"] + "\\n")
for step in range({STEPS}):
    print("step", step, flush=True)
    run.log("step", step)
    time.sleep(0.2)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(SSHD is None, reason="no sshd here; `make test` brings it"),
]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[LiveSshd]:
    sshd = LiveSshd(tmp_path / "machine")
    sshd.start()
    yield sshd
    sshd.stop()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_runs_on_a_machine_end_exactly_once_whatever_is_killed(
    sshd: LiveSshd, tmp_path: Path, seed: int
):
    chance = random.Random(seed)  # noqa: S311 (moments, not secrets)
    proof = tmp_path / "proof.txt"
    with LiveServer(tmp_path / "home") as server:
        runs = LiveRuns(server)
        machine = {
            "name": "gpu1",
            "kind": "machine",
            "settings": sshd.settings,
            "credential": {"private_key": sshd.key.read_text()},
        }
        server.json("POST", f"{runs.root}/computes", machine)
        variables = {"PROOF": str(proof)}
        # The first makes the environment, so that what is killed are runs and not that.
        warm = runs.submit("print('ready')", compute="gpu1")
        assert runs.wait(warm)["state"] == "Completed"
        names = [runs.submit(SCRIPT, variables=variables, compute="gpu1") for _ in range(RUNS)]
        for _ in range(3):
            time.sleep(chance.uniform(0.5, 6))
            match chance.choice(["server", "sshd", "connections"]):
                case "server":
                    server.kill()
                    server.start()
                case "sshd":
                    sshd.kill()
                    time.sleep(chance.uniform(0, 3))
                    sshd.start()
                case _:
                    for process in sshd.connections():
                        process.kill()
        states = [runs.wait(name, seconds=120)["state"] for name in names]
        assert states == ["Completed"] * RUNS, f"seed {seed}"
        assert sorted(proof.read_text().split()) == sorted(names)
        for name in names:
            # Between them the SDK says that the server was away.
            lines = [line for line in runs.log(name).split("\n") if line.startswith("step ")]
            assert lines == [f"step {step}" for step in range(STEPS)]
            metrics = server.json("GET", f"{runs.root}/runs/{name}/metrics")["value"]
            assert {m["name"]: m["count"] for m in metrics}["step"] == STEPS
