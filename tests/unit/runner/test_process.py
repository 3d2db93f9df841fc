"""Processes that a runner starts, and those that others start beside them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from live import until
from zaffre_sdk.runner.process import Children, Leash

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
_SHELL = {"PATH": os.environ["PATH"]}


def started(children: Children, script: str, folder: Path):
    command = ["sh", "-c", script]
    return children.start(command, folder=folder, environ=_SHELL, leash=Leash())


def test_ends_are_noted_in_their_order(tmp_path: Path):
    children = Children()
    late = started(
        children, f"while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; exit 4", tmp_path
    )
    early = started(children, "exit 3", tmp_path)
    until(lambda: early.has_ended)
    (tmp_path / "go").touch()
    until(lambda: late.has_ended)
    assert [(each.exit_code, each.order) for each in (early, late)] == [(3, 1), (4, 2)]
    for each in (early, late):
        each.output.close()


def test_control_groups_of_any_name_take_a_process_in(tmp_path: Path):
    groups = [tmp_path / "a:b" / "cgroup.procs", tmp_path / "cgroup.procs"]
    groups[0].parent.mkdir()
    children = Children()
    process = children.start(
        ["/bin/true"], folder=tmp_path, environ=_SHELL, leash=Leash(groups=groups)
    )
    with children.news:
        assert children.news.wait_for(lambda: process.has_ended, 20)
    assert process.exit_code == 0
    assert [group.read_text() for group in groups] == ["0", "0"]


def test_other_code_learns_how_its_own_processes_end(tmp_path: Path):
    children = Children()
    running = started(children, "sleep 60", tmp_path)
    codes = [subprocess.run(["sh", "-c", f"exit {n}"], check=False).returncode for n in range(20)]
    assert codes == list(range(20))
    running.kill()
    assert running.exit_code == -9
    running.output.close()


@pytest.mark.skipif(sys.platform != "linux", reason="nobody adopts orphans")
def test_children_that_nobody_waits_for_are_fetched(tmp_path: Path):
    children = Children()
    running = started(children, "sleep 60", tmp_path)
    orphan = os.fork()
    if not orphan:
        os._exit(0)
    until(lambda: not Path(f"/proc/{orphan}").exists())
    assert not running.has_ended
    running.kill()
    running.output.close()
