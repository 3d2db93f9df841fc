"""Admission: which of the waiting runs start now, and where. Pure, of what the engine saw."""

from collections import defaultdict
from datetime import datetime

from zaffre.domain.computes import LOCAL, Compute, NodeState
from zaffre.domain.runs import Run
from zaffre.domain.scheduling import Admission, admit, plan_cluster, take_away, victims
from zaffre.services.scheduling import Floor, Step, Target


def decide(floor: Floor, *, slots: int, max_nodes: int | None, now: datetime) -> Step:
    """Decide what starts, which nodes come and go, and who gives way.

    Args:
        floor: What waits and what goes on.
        slots: How many runs execute at once on this machine outside of clusters.
        max_nodes: How many nodes all clusters may have together; None is without limit.
        now: The time.
    """
    on_local = [run for run in floor.going if run.spec.compute == LOCAL]
    admitted: list[tuple[Compute | None, Admission]] = [
        (None, Admission(run)) for run in admit(floor.local, on_local, slots=slots)
    ]
    changed: list[tuple[Compute, Compute]] = []
    wanted = 0
    room = None if max_nodes is None else max_nodes - _nodes(floor)
    # Those that nobody may take nodes from are served first.
    for target in sorted(floor.targets, key=lambda target: target.compute.low_priority):
        compute = target.compute
        if not compute.has_nodes:
            admitted += [(compute, Admission(run)) for run in _admitted(target)]
            continue
        plan = plan_cluster(compute, target.waiting, target.running, room=room, now=now)
        if room is not None:
            room -= len(plan.nodes) - len(compute.nodes)
        wanted += 0 if compute.low_priority else plan.wanted
        admitted += [(compute, admission) for admission in plan.admitted]
        if plan.nodes != compute.nodes:
            changed.append((compute, compute.with_nodes(plan.nodes)))
    if changed or admitted:
        return Step(changed=changed, admitted=admitted)
    return _reclaim(floor, wanted, now)


def _admitted(target: Target) -> list[Run]:
    compute = target.compute
    return admit(
        target.waiting,
        target.running,
        slots=compute.slots if compute.is_ready else 0,
        per_user=compute.limits.max_running_per_user,
    )


def _nodes(floor: Floor) -> int:
    return sum(len(target.compute.nodes) for target in floor.targets)


def _reclaim(floor: Floor, wanted: int, now: datetime) -> Step:
    """Take nodes of low priority away for those that are wanted, once for each."""
    leaving = sum(
        node.state is NodeState.PREEMPTED
        for target in floor.targets
        for node in target.compute.nodes
    )
    chosen: dict[str, list[str]] = defaultdict(list)
    for compute, node in victims((t.compute for t in floor.targets), wanted - leaving):
        chosen[f"{compute.workspace_id} {compute.name}"].append(node.id)
    changed, preempted = [], []
    for target in floor.targets:
        compute = target.compute
        ids = chosen.get(f"{compute.workspace_id} {compute.name}")
        if ids:
            without, losing = take_away(compute, target.running, ids, now=now)
            changed.append((compute, without))
            preempted += losing
    return Step(changed=changed, preempted=preempted)
