from dataclasses import replace
from typing import Any

import pytest
from zaffre.domain.computes import (
    Compute,
    ComputeError,
    ComputeKind,
    ComputeLimits,
    ComputeState,
    Node,
    NodeState,
    Power,
    Scale,
)
from zaffre.domain.runs import RunKind, RunSpec, RunState

from contract.stores.conftest import Database
from contract.stores.entities import ODD, TIME, experiment, later, run


def compute(name: str = "cpu", **fields: Any) -> Compute:
    whole = Compute(
        workspace_id="w1",
        name=name,
        kind=ComputeKind.CLUSTER,
        type="AmlCompute",
        location="westeurope",
        vm_size="Standard_D2_v2",
        low_priority=True,
        scale=Scale(min_nodes=1, max_nodes=3, idle_seconds=0.5),
        limits=ComputeLimits(max_queued=7, max_running_per_user=2, max_run_seconds=60),
        settings={"k": [ODD, 1, None]},
        sealed=b"\x01\x00sealed",
        description=ODD,
        tags={"k": ODD},
        state=ComputeState.FAILED,
        power=Power.RUNNING,
        errors=(ComputeError(code="C", message=ODD),),
        nodes=(Node(id="cpu-1", state=NodeState.RUNNING, since=TIME, run_id="r1"),),
        handle={"pid": 1},
        urls={"Jupyter": "http://x/"},
        created_by="alice",
        created_at=TIME,
        updated_at=later(1),
    )
    return replace(whole, **fields)


class TestComputeStore:
    @pytest.fixture(autouse=True)
    def _filled(self, database: Database):
        database.write(lambda s: s.computes.put(compute()))

    def test_gives_back_what_was_put(self, database: Database):
        assert database.read(lambda s: s.computes.find("w1", "cpu")) == compute()

    def test_replaces_the_one_of_its_name(self, database: Database):
        other = compute(kind=ComputeKind.MACHINE, scale=None, nodes=(), errors=(), sealed=b"")
        database.write(lambda s: s.computes.put(other))
        assert database.read(lambda s: s.computes.list("w1")) == [other]

    def test_lists_those_of_a_workspace_by_name(self, database: Database):
        database.write(lambda s: s.computes.put(compute("aks", kind=ComputeKind.SERVING)))
        database.write(lambda s: s.computes.put(compute(workspace_id="w2")))
        found = database.read(lambda s: s.computes.list("w1"))
        assert [one.name for one in found] == ["aks", "cpu"]
        executing = database.read(lambda s: s.computes.executing())
        assert [(one.workspace_id, one.name) for one in executing] == [
            ("w1", "cpu"),
            ("w2", "cpu"),
        ]

    def test_removes_it(self, database: Database):
        database.write(lambda s: s.computes.remove("w1", "cpu"))
        assert database.read(lambda s: s.computes.find("w1", "cpu")) is None


class TestQueue:
    @pytest.fixture(autouse=True)
    def _filled(self, database: Database):
        def fill(s: Any) -> None:
            s.experiments.add(experiment(id="e-2", workspace_id="w2"))
            for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
                s.runs.add(waiting(name, priority))
            s.runs.add(waiting("e", 0, compute="gpu"))
            s.runs.add(waiting("f", 9, workspace_id="w2", experiment_id="e-2"))
            s.runs.add(waiting("g", 9, state=RunState.RUNNING))
            s.runs.add(waiting("h", 9, state=RunState.COMPLETED))

        database.write(fill)

    def test_gives_turns_by_priority_and_then_by_age(self, database: Database):
        here = database.read(lambda s: s.runs.queued("cpu", workspace_id="w1", limit=9))
        assert [one.id for one in here] == ["b", "d", "a", "c"]
        everywhere = database.read(lambda s: s.runs.queued("cpu", limit=2))
        assert [one.id for one in everywhere] == ["f", "b"]

    def test_counts_those_ahead(self, database: Database):
        c = database.read(lambda s: s.runs.get("w1", "c"))
        assert database.read(lambda s: s.runs.ahead_of(c, everywhere=False)) == 3
        assert database.read(lambda s: s.runs.ahead_of(c, everywhere=True)) == 4

    def test_counts_those_that_wait_and_those_that_go_on(self, database: Database):
        assert database.read(lambda s: s.runs.count_open("w1", "cpu")) == (4, 1)
        assert database.read(lambda s: s.runs.count_open("w1", "none")) == (0, 0)


def waiting(name: str, priority: int, *, compute: str = "cpu", **fields: Any) -> Any:
    spec = RunSpec(kind=RunKind.SCRIPT, compute=compute, priority=priority)
    asked = {"state": RunState.QUEUED, "ended_at": None, "parent_id": None, **fields}
    return run(name, spec=spec, **asked)
