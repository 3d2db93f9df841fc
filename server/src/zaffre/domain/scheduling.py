"""Which waiting runs start, and on which nodes: pure functions of what is there.

Runs of a higher priority come first, older ones before younger. Nobody is overtaken: while the
first in line waits for more nodes than are free, those behind it wait too, so that a run that
needs many nodes gets them in the end.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zaffre.base.text import shown
from zaffre.domain.computes import (
    Compute,
    ComputeKind,
    Node,
    NodeState,
    Scale,
)
from zaffre.domain.runs import Run


@dataclass(frozen=True, slots=True)
class Admission:
    """A run that starts, and the nodes that it holds."""

    run: Run
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen at one target.

    Attributes:
        nodes: All nodes as they are to be.
        admitted: The runs that start.
        wanted: How many more nodes its runs would take if there were room.
    """

    nodes: tuple[Node, ...] = ()
    admitted: tuple[Admission, ...] = ()
    wanted: int = 0


def admit(
    waiting: Sequence[Run], running: Sequence[Run], *, slots: int, per_user: int | None = None
) -> list[Run]:
    """Return the runs that start where there are no nodes.

    Args:
        waiting: In the order of their turn.
        running: Those that execute there.
        slots: How many may execute at once.
        per_user: How many of one person may.
    """
    allowed = _within_quota(waiting, running, per_user=per_user)
    return allowed[: max(slots - len(running), 0)]


def plan_cluster(
    cluster: Compute,
    waiting: Sequence[Run],
    running: Sequence[Run],
    *,
    room: int | None,
    now: datetime,
) -> Plan:
    """Decide about the nodes of a cluster and the runs that wait for them.

    Args:
        cluster: As it is.
        waiting: In the order of their turn; at least as many as there could be nodes.
        running: Those that were admitted and have not ended.
        room: How many more nodes this machine has room for; None is without limit.
        now: The time.
    """
    scale = cluster.scale or Scale()
    nodes = _freed(cluster.nodes, running, now)
    if not cluster.is_ready:
        return Plan(nodes=tuple(nodes))
    # One for which there can never be nodes, since the cluster became smaller, holds nobody up.
    possible = [run for run in waiting if run.spec.node_count <= scale.max_nodes]
    turn = _within_quota(possible, running, per_user=cluster.limits.max_running_per_user)
    busy = sum(node.state is NodeState.RUNNING for node in nodes)
    demand = min(busy + sum(run.spec.node_count for run in turn), scale.max_nodes)
    target = max(demand, scale.min_nodes)
    lacking = max(target - len(nodes), 0)
    coming = lacking if room is None else min(lacking, max(room, 0))
    nodes += _fresh(cluster.name, nodes, coming, now)
    nodes, admitted = _placed(nodes, turn, now)
    nodes = _without_idle(nodes, scale, wanted=target, now=now)
    return Plan(nodes=tuple(nodes), admitted=tuple(admitted), wanted=lacking - coming)


def victims(clusters: Iterable[Compute], wanted: int) -> list[tuple[Compute, Node]]:
    """Return nodes of low priority that give way to others: idle ones first, then the youngest.

    Args:
        clusters: Every cluster.
        wanted: How many nodes are needed.
    """
    nodes = [
        (cluster, node)
        for cluster in clusters
        if cluster.low_priority
        for node in cluster.nodes
        if node.state in {NodeState.IDLE, NodeState.RUNNING}
    ]
    nodes.sort(key=lambda pair: (pair[1].state is NodeState.RUNNING, -pair[1].since.timestamp()))
    return nodes[: max(wanted, 0)]


def take_away(
    cluster: Compute, running: Iterable[Run], node_ids: Iterable[str], *, now: datetime
) -> tuple[Compute, list[Run]]:
    """Return a cluster without those nodes, and the runs that lose theirs.

    A node goes at once when it is idle, and otherwise once its run was ended there.
    """
    ids = set(node_ids)
    losing = {node.run_id for node in cluster.nodes if node.id in ids and node.run_id}
    nodes = tuple(
        replace(node, state=NodeState.PREEMPTED, since=now) if node.run_id in losing else node
        for node in cluster.nodes
        if node.id not in ids or node.run_id
    )
    return cluster.with_nodes(nodes), [run for run in running if run.id in losing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What is before a run that waits.

    Attributes:
        ahead: How many runs have their turn before it.
        running: How many runs execute at its target.
        own: How many of these are of the same person.
        is_full: Whether this machine has no room for one more node of any cluster.
    """

    ahead: int
    running: int
    own: int = 0
    is_full: bool = False


def explain(run: Run, compute: Compute | None, queue: Queue) -> str:
    """Say in words why a run waits.

    Args:
        run: One that is queued.
        compute: Its target; None is this machine.
        queue: What is before it.
    """
    hindrance = "" if compute is None else _hindrance(run, compute, queue.own)
    if hindrance:
        return hindrance
    name = shown(run.spec.compute)
    turn = {0: "it is the next one", 1: "one run is ahead of it"}
    before = turn.get(queue.ahead, f"{queue.ahead} runs are ahead of it")
    if compute is not None and compute.has_nodes:
        held = sum(node.state is NodeState.RUNNING for node in compute.nodes)
        nodes = f"{held} of {compute.slots} are held by runs"
        if queue.is_full and len(compute.nodes) < compute.slots:
            nodes += ", and the machine has no room for one more node of any cluster"
        return f"It waits for {_nodes_in_words(run)} of {name}: {nodes}; {before}."
    going = queue.running
    goes_on = "one run executes" if going == 1 else f"{going} runs execute"
    return f"It waits for {name}, where {goes_on}; {before}."


def _hindrance(run: Run, compute: Compute, own: int) -> str:
    """Say what keeps a run from starting even when its turn has come; nothing if nothing does."""
    name, most = shown(compute.name), compute.slots
    if not compute.is_ready:
        if compute.kind is ComputeKind.INSTANCE:
            return f"The instance {name} is {compute.power}; runs start once it is Running."
        reasons = " ".join(error.message for error in compute.errors)
        return f"The compute target {name} is {compute.state}. {reasons}".rstrip()
    if compute.has_nodes and run.spec.node_count > most:
        have = f"may have {most} at most" if most else "may have none now"
        return (
            f"It waits for {_nodes_in_words(run)} of {name}, which {have}: raise its `max_nodes`."
        )
    quota = compute.limits.max_running_per_user
    if quota is not None and own >= quota:
        person = shown(run.created_by)
        return f"{own} runs of {person} execute on {name}, as many as one person may have there."
    return ""


def _nodes_in_words(run: Run) -> str:
    return f"{run.spec.node_count} nodes" if run.spec.node_count > 1 else "a node"


def _within_quota(
    waiting: Sequence[Run], running: Sequence[Run], *, per_user: int | None
) -> list[Run]:
    if per_user is None:
        return list(waiting)
    counts = Counter(run.created_by for run in running)
    allowed = []
    for run in waiting:
        if counts[run.created_by] < per_user:
            counts[run.created_by] += 1
            allowed.append(run)
    return allowed


def _freed(nodes: Iterable[Node], running: Sequence[Run], now: datetime) -> list[Node]:
    """Return the nodes, those idle whose runs have ended, without those that are gone."""
    held = {run.id for run in running}
    freed = []
    for node in nodes:
        if node.state is NodeState.RUNNING and node.run_id not in held:
            freed.append(replace(node, state=NodeState.IDLE, run_id=None, since=now))
        elif node.state is not NodeState.PREEMPTED or node.run_id in held:
            freed.append(node)
    return freed


def _fresh(cluster: str, nodes: Iterable[Node], count: int, now: datetime) -> list[Node]:
    taken = {node.id for node in nodes}
    names = (f"{cluster}-{number}" for number in range(1, len(taken) + count + 1))
    free = [name for name in names if name not in taken][:count]
    return [Node(id=name, state=NodeState.IDLE, since=now) for name in free]


def _placed(
    nodes: list[Node], turn: Sequence[Run], now: datetime
) -> tuple[list[Node], list[Admission]]:
    idle = [node.id for node in nodes if node.state is NodeState.IDLE]
    holder: dict[str, str] = {}
    admitted = []
    for run in turn:
        if run.spec.node_count > len(idle):
            break
        given, idle = idle[: run.spec.node_count], idle[run.spec.node_count :]
        holder.update(dict.fromkeys(given, run.id))
        admitted.append(Admission(run, tuple(given)))
    placed = [
        replace(node, state=NodeState.RUNNING, run_id=holder[node.id], since=now)
        if node.id in holder
        else node
        for node in nodes
    ]
    return placed, admitted


def _without_idle(nodes: list[Node], scale: Scale, *, wanted: int, now: datetime) -> list[Node]:
    """Return the nodes without those that were idle for too long and that nobody waits for."""
    limit = now - timedelta(seconds=scale.idle_seconds)
    spare = len(nodes) - max(wanted, scale.min_nodes)
    over = len(nodes) - scale.max_nodes
    kept = []
    for node in reversed(nodes):
        is_idle = node.state is NodeState.IDLE
        if is_idle and spare > 0 and (node.since <= limit or over > 0):
            spare, over = spare - 1, over - 1
        else:
            kept.append(node)
    return kept[::-1]
