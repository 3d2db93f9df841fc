"""Use cases of waiting: what the engine looks at before runs start, and why a run waits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zaffre.domain.access import Principal
from zaffre.domain.computes import LOCAL, Compute
from zaffre.domain.runs import TERMINAL, Run, RunState
from zaffre.domain.scheduling import Admission, Queue, explain, take_away
from zaffre.ports.launchers import ComputePlace
from zaffre.ports.stores import Stores
from zaffre.services.attempts import AttemptService
from zaffre.services.computes import ComputeService, found_compute
from zaffre.services.context import Context

_Key = tuple[str, str]
_ADMITTED = frozenset(RunState) - TERMINAL - {RunState.QUEUED, RunState.NOT_STARTED}
_SHOWN = 100
_EXTRA = 1000
"""How many more waiting runs are looked at where some may be over the quota of their person, or
ask for more nodes than there can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target, with the runs that wait for it, in the order of their turn, and those on it."""

    compute: Compute
    waiting: Sequence[Run]
    running: Sequence[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Everything that may start or is under way.

    Attributes:
        going: The runs past the queue, of every workspace.
        local: Those that wait for this machine, in the order of their turn.
        targets: The targets where runs may execute.
    """

    going: Sequence[Run]
    local: Sequence[Run]
    targets: Sequence[Target]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be stored: targets as they were seen and are to be, and runs that start."""

    changed: Sequence[tuple[Compute, Compute]] = ()
    admitted: Sequence[tuple[Compute | None, Admission]] = ()
    preempted: Sequence[Run] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.admitted or self.preempted)


class SchedulingService:
    """Use cases of waiting, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def look(self, past_queue: frozenset[RunState], *, slots: int) -> Floor:
        """Return what the engine decides on.

        Args:
            past_queue: The states of runs that were admitted.
            slots: How many runs may start on this machine outside of clusters.
        """
        going = self._stores.runs.in_states(past_queue)
        on: dict[_Key, list[Run]] = defaultdict(list)
        for run in going:
            on[run.workspace_id, run.spec.compute].append(run)
        return Floor(
            going=going,
            local=self._stores.runs.queued(LOCAL, limit=slots),
            targets=[
                Target(
                    compute=compute,
                    waiting=self._waiting(compute),
                    running=on[compute.workspace_id, compute.name],
                )
                for compute in self._stores.computes.executing()
            ],
        )

    def apply(self, step: Step) -> None:
        """Store what the engine decided on, all of it or nothing.

        Raises:
            ConflictError: `ComputeChanged` or `RunChanged`: something was changed meanwhile.
            NotFoundError: A target or a run was deleted meanwhile.
        """
        computes = ComputeService(self._stores, self._context)
        attempts = AttemptService(self._stores, self._context)
        # One that was stopped, or whose slots became fewer, is not given what it had room for.
        for known in {id(target): target for target, _ in step.admitted if target}.values():
            computes.check_unchanged(known)
        for seen, compute in step.changed:
            computes.save(seen, compute)
        for target, admission in step.admitted:
            attempts.admit(admission.run, target, admission.nodes)
        for run in step.preempted:
            attempts.preempt(run)

    def preempt(self, workspace_id: str, name: str, node_id: str, *, caller: Principal) -> Compute:
        """Take a node away; the run that holds it, if one does, will wait for another.

        Raises:
            NotFoundError: `ComputeNotFound` or `NodeNotFound`.
            ConflictError: `NodeState`.
        """
        computes = ComputeService(self._stores, self._context)
        seen = computes.get(workspace_id, name, caller=caller)
        node = computes.node(seen, node_id)
        running = [self._stores.runs.get(workspace_id, node.run_id)] if node.run_id else []
        open_runs = [run for run in running if run.is_open]
        now = self._context.clock.now()
        left, losing = take_away(seen, open_runs, [node.id], now=now)
        self.apply(Step(changed=[(seen, left)], preempted=losing))
        return left

    def why(self, run: Run) -> str | None:
        """Say why a run does not execute yet; None for one that does not wait."""
        if run.state is RunState.STARTING:
            return run.handle.get("away") or run.handle.get("waits") or None
        if run.state is not RunState.QUEUED:
            return None
        compute = None
        if run.spec.compute != LOCAL:
            compute = found_compute(self._stores, run.workspace_id, run.spec.compute)
        _, running = self._stores.runs.count_open(run.workspace_id, run.spec.compute)
        own = 0
        if compute is not None and compute.limits.max_running_per_user is not None:
            there, _ = self.runs_of(compute)
            own = sum(other.created_by == run.created_by for other in there)
        queue = Queue(
            ahead=self._stores.runs.ahead_of(run, everywhere=compute is None),
            running=running,
            own=own,
            is_full=self._is_full(),
        )
        return explain(run, compute, queue)

    def runs_of(self, compute: Compute) -> tuple[list[Run], list[Run]]:
        """Return the runs that execute at a target, and the first of those that wait for it."""
        going = [
            run
            for run in self._stores.runs.in_states(_ADMITTED)
            if (run.workspace_id, run.spec.compute) == (compute.workspace_id, compute.name)
        ]
        waiting = self._stores.runs.queued(
            compute.name, workspace_id=compute.workspace_id, limit=_SHOWN
        )
        return going, waiting

    def place_of(self, run: Run) -> ComputePlace:
        """Return where a run executes, and how that is reached.

        Raises:
            NotFoundError: `ComputeNotFound`.
            PreconditionError: `SecretUnreadable`.
        """
        place = ComputePlace(
            node_count=run.spec.node_count,
            packages=tuple(run.handle.get("packages", ())),
            environment=run.spec.environment,
        )
        if run.spec.compute == LOCAL:
            return place
        found = self.place_named(run.workspace_id, run.spec.compute)
        return replace(
            place,
            kind=found.kind,
            name=found.name,
            settings=found.settings,
            credential=found.credential,
            resources=found.resources,
            nodes=run.nodes,
            instance_type=run.spec.instance_type,
            max_seconds=self._max_seconds(run),
            spark=run.spec.spark,
        )

    def place_named(self, workspace_id: str, name: str) -> ComputePlace:
        """Return a target as a place for runs, and how that is reached.

        Raises:
            NotFoundError: `ComputeNotFound`.
            PreconditionError: `SecretUnreadable`.
        """
        compute = found_compute(self._stores, workspace_id, name)
        return ComputePlace(
            kind=compute.kind,
            name=compute.name,
            settings=compute.settings,
            credential=ComputeService(self._stores, self._context).credential(compute),
            resources=compute.resources,
        )

    def _max_seconds(self, run: Run) -> int | None:
        compute = found_compute(self._stores, run.workspace_id, run.spec.compute)
        limits = [run.spec.max_seconds, compute.limits.max_run_seconds]
        return min((limit for limit in limits if limit is not None), default=None)

    def _waiting(self, compute: Compute) -> list[Run]:
        if not compute.is_ready:
            return []
        most = compute.slots
        limit = most if compute.limits.max_running_per_user is None else most + _EXTRA
        waiting = self._queued(compute, limit)
        if compute.has_nodes and any(run.spec.node_count > most for run in waiting):
            return self._queued(compute, limit + _EXTRA)
        return waiting

    def _is_full(self) -> bool:
        most = self._context.max_nodes
        if most is None:
            return False
        return sum(len(one.nodes) for one in self._stores.computes.executing()) >= most

    def _queued(self, compute: Compute, limit: int) -> list[Run]:
        return self._stores.runs.queued(
            compute.name, workspace_id=compute.workspace_id, limit=limit
        )
