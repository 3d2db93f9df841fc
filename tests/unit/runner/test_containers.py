"""The containers of a run, with a program in place of the engine that answers as one does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from zaffre_sdk.runner.command import ProcessPlan
from zaffre_sdk.runner.containers import Containers
from zaffre_sdk.runner.order import Order, folders_at
from zaffre_sdk.wire.runs import AttemptStarted, RunSpec

STATE = {"State": {"Status": "exited"}, "HostConfig": {"Memory": 0}}
INFO = {"host": {"cgroupVersion": "v2"}, "version": {"Version": "5"}}
PLAN = ProcessPlan("", ["python"], {}, "std_log.txt")


@pytest.fixture
def containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The containers of an attempt at a run."""
    answers = {"info": INFO, "image": [{"Config": {}}], "container": [STATE]}
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable} -IS\nimport json, sys\nanswers = {answers!r}\n"
        "words = [word for word in sys.argv if word in answers]\n"
        "print(json.dumps(answers[words[0]]) if words else '')\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    home, attempt = tmp_path / "home", tmp_path / "attempt"
    home.mkdir()
    attempt.mkdir()
    order = Order(
        workspace_id="w",
        run_id="r",
        attempt=1,
        token="t",  # noqa: S106 (of nobody)
        server_url="http://server",
        server_file=str(home / "server.json"),
        python="python",
    )
    started = AttemptStarted(
        run_id="r",
        experiment="e",
        spec=RunSpec(kind="script", command=["python"]),
        python="python",
        variables={},
        image="image",
    )
    found = Containers(order, started, folders_at(attempt))
    yield found
    found.close()


def mounts(plan: ProcessPlan) -> dict[str, bool]:
    """Return what is shown to a container, and whether it may only be read."""
    words = [word for word in plan.argv if word.startswith("--mount=")]
    parts = [word.partition("=")[2].split(",") for word in words]
    found = {part[1].partition("=")[2]: "readonly" in part for part in parts}
    assert len(found) == len(words)
    return found


def test_what_links_lead_to_is_shown_once_and_as_the_folder_that_it_lies_in(
    containers: Containers, tmp_path: Path
):
    given, far = tmp_path / "given", tmp_path / "far"
    for folder in (given / "below", far):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    (given / "near").symlink_to("below/file")
    (given / "elsewhere").symlink_to(far / "file")
    (given / "own").symlink_to(tmp_path / "attempt" / "work")
    [plan] = containers.put([PLAN], [str(given)])
    shown = mounts(plan)
    assert (shown[str(given)], shown[str(far)]) == (False, True)
    assert str(given / "below") not in shown
    assert shown[str(tmp_path / "attempt" / "work")] is False


@pytest.mark.parametrize(("said", "code"), [(0, 0), (3, 3), (137, -9), (143, -15), (255, 255)])
def test_what_is_no_signal_is_an_exit_code(containers: Containers, said: int, code: int):
    [plan] = containers.put([PLAN], [])
    assert containers.ended(plan, said).exit_code == code


def test_a_runner_without_an_image_does_not_read_this():
    program = (
        "import sys, zaffre_sdk.runner.attempt\n"
        "print([name for name in sys.modules if 'containers' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
