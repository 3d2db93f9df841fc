"""Runs in containers that somebody else keeps to a limit of memory, as Kubernetes does."""

from pathlib import Path

import pytest
from zaffre_sdk.runner import cgroups
from zaffre_sdk.runner.limits import Limits
from zaffre_sdk.runner.order import Order
from zaffre_sdk.runner.outcome import MemoryUse
from zaffre_sdk.wire.runs import AttemptStarted, RunSpec

MB = 1 << 20


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "_ROOT", tmp_path / "cgroup")
    (tmp_path / "cgroup").mkdir()
    return tmp_path / "cgroup"


def limits(folder: Path, *, is_held: bool = True) -> Limits:
    order = Order(
        workspace_id="w",
        run_id="r",
        attempt=1,
        token="t",  # noqa: S106 (of nothing)
        server_url="",
        server_file=str(folder / "server.json"),
        python="",
        is_held=is_held,
    )
    spec = RunSpec(kind="script")
    return Limits(order, AttemptStarted("r", "exp", spec, "", {}))


def say(group: Path, *, limit: str, kills: int) -> None:
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.peak").write_text(str(298 * MB))
    (group / "memory.events").write_text(f"low 0\noom 1\noom_kill {kills}\n")


def test_a_process_that_the_container_killed_for_memory_is_known(group: Path, tmp_path: Path):
    say(group, limit=str(300 * MB), kills=2)
    held = limits(tmp_path)
    assert held.memory() is None, "what was killed before is not of this run"
    say(group, limit=str(300 * MB), kills=3)
    assert held.memory() == MemoryUse(300, 298)
    assert limits(tmp_path, is_held=False).memory() is None
    held.close()


def test_a_container_without_a_limit_says_nothing(group: Path, tmp_path: Path):
    assert limits(tmp_path).memory() is None
    say(group, limit="max", kills=0)
    assert cgroups.enclosing() is None
    (group / "memory").mkdir()
    (group / "memory" / "memory.limit_in_bytes").write_text(str((1 << 63) - 4096))
    assert cgroups.enclosing() is None
    (group / "memory" / "memory.limit_in_bytes").write_text(str(MB))
    found = cgroups.enclosing()
    assert found is not None
    assert found.limit_bytes() == MB
