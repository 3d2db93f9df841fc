"""Who starts where, decided without a clock and without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zaffre.domain.computes import (
    Compute,
    ComputeKind,
    ComputeLimits,
    ComputeState,
    Node,
    NodeState,
    Power,
    Scale,
)
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.domain.scheduling import (
    Plan,
    Queue,
    admit,
    explain,
    plan_cluster,
    take_away,
    victims,
)

N = NodeState
NOW = datetime(2026, 1, 2, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)


def cluster(
    *nodes: Node, name: str = "cpu", least: int = 0, most: int = 2, **more: Any
) -> Compute:
    return Compute(
        workspace_id="w",
        name=name,
        kind=ComputeKind.CLUSTER,
        scale=Scale(min_nodes=least, max_nodes=most, idle_seconds=60),
        nodes=nodes,
        created_at=NOW,
        updated_at=NOW,
        **more,
    )


def run(name: str, *, nodes: int = 1, by: str = "alice", state: RunState = RunState.QUEUED) -> Run:
    return Run(
        id=name,
        workspace_id="w",
        experiment_id="e",
        experiment_name="exp",
        parent_id=None,
        number=1,
        spec=RunSpec(kind=RunKind.SCRIPT, compute="cpu", node_count=nodes),
        state=state,
        display_name=name,
        created_by=by,
        created_at=NOW,
    )


def held(number: int, by: str) -> Node:
    return Node(id=f"cpu-{number}", state=N.RUNNING, since=LONG_AGO, run_id=by)


def idle(number: int, since: datetime = NOW) -> Node:
    return Node(id=f"cpu-{number}", state=N.IDLE, since=since)


def plan(
    target: Compute, waiting: list[Run], running: list[Run] | None = None, room: int | None = None
) -> Plan:
    return plan_cluster(target, waiting, running or [], room=room, now=NOW)


def admitted(found: Plan) -> dict[str, tuple[str, ...]]:
    return {one.run.id: one.nodes for one in found.admitted}


def states(found: Plan) -> dict[str, str]:
    return {node.id: node.state for node in found.nodes}


def test_nodes_come_for_those_who_wait_up_to_the_most():
    found = plan(cluster(), [run("a"), run("b"), run("c")])
    assert admitted(found) == {"a": ("cpu-1",), "b": ("cpu-2",)}
    assert states(found) == {"cpu-1": N.RUNNING, "cpu-2": N.RUNNING}


def test_a_run_takes_as_many_nodes_as_it_asks_for():
    assert admitted(plan(cluster(most=4), [run("a", nodes=3)])) == {
        "a": ("cpu-1", "cpu-2", "cpu-3")
    }


def test_nobody_overtakes_a_run_that_waits_for_many_nodes():
    going = run("x", state=RunState.RUNNING)
    found = plan(cluster(held(1, "x")), [run("a", nodes=2), run("b")], [going])
    assert admitted(found) == {}


def test_the_node_of_a_run_that_ended_is_used_again():
    assert admitted(plan(cluster(held(1, "gone"), most=1), [run("a")])) == {"a": ("cpu-1",)}


def test_nodes_leave_when_they_were_idle_for_long_but_for_the_least():
    nodes = [idle(1, LONG_AGO), idle(2, LONG_AGO), idle(3)]
    assert states(plan(cluster(*nodes, most=3), [])) == {"cpu-3": N.IDLE}
    assert len(plan(cluster(*nodes, most=3, least=2), []).nodes) == 2


def test_the_least_is_there_without_runs_and_stays():
    found = plan(cluster(least=2), [])
    assert states(found) == {"cpu-1": N.IDLE, "cpu-2": N.IDLE}
    assert plan(cluster(*found.nodes, least=2), []).nodes == found.nodes


def test_idle_nodes_go_at_once_when_fewer_are_allowed():
    assert len(plan(cluster(idle(1), idle(2), idle(3), most=1), []).nodes) == 1


def test_the_quota_of_a_person_lets_others_pass():
    limits = ComputeLimits(max_running_per_user=1)
    waiting = [run("a"), run("b"), run("c", by="bob")]
    found = plan(cluster(most=4, limits=limits), waiting)
    assert admitted(found).keys() == {"a", "c"}
    assert [one.id for one in admit(waiting, [], slots=4, per_user=1)] == ["a", "c"]


def test_nothing_starts_where_a_target_is_not_ready():
    assert admitted(plan(cluster(state=ComputeState.DELETING), [run("a")])) == {}


def test_a_run_for_which_there_can_be_no_nodes_holds_nobody_up():
    assert admitted(plan(cluster(most=1), [run("a", nodes=2), run("b")])).keys() == {"b"}
    assert admitted(plan(cluster(most=0), [run("a")])) == {}


def test_a_full_machine_says_how_many_nodes_are_wanted():
    found = plan(cluster(most=4), [run("a"), run("b"), run("c")], room=1)
    assert (admitted(found).keys(), found.wanted) == ({"a"}, 2)


def test_idle_and_young_nodes_of_low_priority_give_way_first():
    older = Node(id="cpu-1", state=N.RUNNING, since=LONG_AGO, run_id="a")
    younger = Node(id="cpu-2", state=N.RUNNING, since=NOW, run_id="b")
    low = cluster(older, younger, idle(3), low_priority=True)
    dear = cluster(held(9, "z"), name="dear")
    assert [node.id for _, node in victims([dear, low], 2)] == ["cpu-3", "cpu-2"]
    assert victims([low], -1) == []


def test_a_node_that_is_taken_away_goes_once_its_run_was_ended():
    going = run("a", state=RunState.RUNNING)
    left, losing = take_away(cluster(held(1, "a"), idle(2)), [going], ["cpu-1", "cpu-2"], now=NOW)
    assert [(node.id, node.state) for node in left.nodes] == [("cpu-1", N.PREEMPTED)]
    assert losing == [going]
    assert plan(left, [], [going]).nodes == left.nodes
    assert plan(left, [], []).nodes == ()


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (None, "It waits for `cpu`, where 3 runs execute; one run is ahead of it."),
        (
            cluster(held(1, "a")),
            "It waits for a node of `cpu`: 1 of 2 are held by runs; one run is ahead of it.",
        ),
        (cluster(state=ComputeState.FAILED), "The compute target `cpu` is Failed."),
        (
            replace(cluster(), kind=ComputeKind.INSTANCE, scale=None, power=Power.STOPPED),
            "The instance `cpu` is Stopped; runs start once it is Running.",
        ),
        (
            cluster(most=0),
            "It waits for a node of `cpu`, which may have none now: raise its `max_nodes`.",
        ),
        (
            cluster(limits=ComputeLimits(max_running_per_user=2)),
            "2 runs of `alice` execute on `cpu`, as many as one person may have there.",
        ),
    ],
)
def test_why_a_run_waits_is_said_in_words(compute: Compute | None, words: str):
    assert explain(run("q"), compute, Queue(ahead=1, running=3, own=2)) == words


def test_a_machine_without_room_is_a_reason_to_wait():
    words = (
        "It waits for a node of `cpu`: 0 of 2 are held by runs, and the machine has no room for "
        "one more node of any cluster; it is the next one."
    )
    queue = Queue(ahead=0, running=0, is_full=True)
    assert explain(run("q"), cluster(), queue) == words
    assert "no room" not in explain(run("q"), cluster(held(1, "a"), held(2, "b")), queue)
