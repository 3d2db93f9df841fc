"""Use cases of attempts: what runners and the engine do with a run that executes user code.

While a run is driven its handle says: `place`, the target and the nodes that it was given;
`python`, `variables`, `image` and `packages`, the built environment; `runner`, the name of the
runner that was given leave to start the user's process; `launcher`, what finds it again;
`preempted`, that its nodes are being taken away; `away`, why its launch waits; `waits`, why what
was launched has not begun; `restarts`, how often it was queued again after its process had
started; and `first_attempt`, the number before the first attempt since then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zaffre.base.text import shown
from zaffre.domain.access import Principal, Token
from zaffre.domain.computes import Compute, ComputeKind, NodeResources
from zaffre.domain.environments import BuiltEnvironment
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.runs import TERMINAL, Run, RunError, RunState
from zaffre.ports.stores import Stores
from zaffre.services.access import writable_run
from zaffre.services.context import Context
from zaffre.services.runs import advance, check_end, finish
from zaffre.services.tokens import digest_of

_ELSEWHERE = frozenset({ComputeKind.MACHINE, ComputeKind.RAY, ComputeKind.KUBERNETES})
"""Kinds of targets where the environment is made once more, of its packages."""
_MADE = ("python", "variables", "image", "packages")
_KEPT = ("place", "restarts", "first_attempt", "preempted")
_BEATING = frozenset({RunState.RUNNING, RunState.FINALIZING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a runner needs to start the user's process.

    Attributes:
        nodes: Those that the run holds.
        resources: What it may use of each.
        max_seconds: What the run, or its target, allows.
        image: The image whose container it is put into.
        restarts: How often it was queued again after its process had started.
    """

    run: Run
    python: str
    variables: dict[str, str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    resources: NodeResources = field(default_factory=NodeResources)
    max_seconds: int | None = None
    image: str | None = None
    restarts: int = 0


class AttemptService:
    """Use cases of attempts, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def start(
        self, caller: Principal, workspace_id: str, run_id: str, *, attempt: int, runner: str
    ) -> Started:
        """Give leave to start the user's process: once for each attempt, to one runner.

        The same runner may ask again, since it cannot know whether an answer that it did not get
        was given.

        Raises:
            NotFoundError: `RunNotFound`.
            ConflictError: `StaleAttempt` or `AttemptStarted`.
        """
        run = self._driven(caller, workspace_id, run_id, attempt)
        if run.state is RunState.STARTING:
            run = self._advance(
                replace(run, handle={**run.handle, "runner": runner}), RunState.RUNNING
            )
        elif run.handle.get("runner") != runner or not runner:
            raise ConflictError(
                "AttemptStarted",
                f"Attempt {attempt} of the run {shown(run.id)} is {run.state} and is not started "
                "again.",
                target="attempt",
                hint="The runner ends itself; nothing is to be done.",
            )
        return self._started(run)

    def beaten(self, caller: Principal, workspace_id: str, run_id: str, attempt: int) -> Run:
        """Return the run that a beat is about; for reading.

        Raises:
            NotFoundError: `RunNotFound`.
            ConflictError: `StaleAttempt`.
        """
        return self._driven(caller, workspace_id, run_id, attempt)

    def beat(
        self, caller: Principal, workspace_id: str, run_id: str, *, attempt: int, state: RunState
    ) -> Run:
        """Take over the state that a beat says, where there is a way to it.

        Raises:
            NotFoundError: `RunNotFound`.
            ConflictError: `StaleAttempt`.
        """
        run = self._driven(caller, workspace_id, run_id, attempt)
        stays = run.state in {RunState.CANCEL_REQUESTED, RunState.STARTING}
        if stays or state not in _BEATING or (run.state, state) == _BACKWARDS:
            return run
        return self._advance(run, state)

    def end(
        self,
        caller: Principal,
        workspace_id: str,
        run_id: str,
        *,
        attempt: int,
        outcome: RunState,
        error: RunError | None = None,
    ) -> Run:
        """End the run as its runner says, unless it was canceled or said itself that it failed.

        Raises:
            InvalidError: `InvalidState`.
            NotFoundError: `RunNotFound`.
            ConflictError: `StaleAttempt`.
        """
        check_end(outcome)
        run = self._driven(caller, workspace_id, run_id, attempt)
        if run.is_preempted and outcome is not RunState.COMPLETED:
            return self._requeue(run)
        if outcome is RunState.CANCELED and _is_in_pod(run):
            # Nobody canceled the run: its cluster asked the pod to end.
            outcome, error = RunState.FAILED, _POD_ENDED
        state, reason = ending(run, outcome, error)
        return finish(self._stores, self._context, run, state, error=reason)

    def admit(self, seen: Run, target: Compute | None, nodes: Sequence[str]) -> Run:
        """Take a run out of the queue: it is to execute on these nodes.

        Args:
            seen: The run as it was when that was decided.
            target: None is this machine.
            nodes: Those of the target, where it has nodes.

        Raises:
            ConflictError: `RunChanged`.
        """
        run = self._unchanged(seen)
        place = {
            "kind": target.kind if target is not None else ComputeKind.CLUSTER,
            "compute": run.spec.compute,
            "nodes": list(nodes),
        }
        run = replace(run, handle={**run.handle, "place": place})
        return self._advance(run, RunState.PREPARING)

    def preempt(self, seen: Run) -> None:
        """Note that the nodes of a run are taken away; its runner is ended next.

        Raises:
            ConflictError: `RunChanged`.
        """
        run = self._unchanged(seen)
        self._stores.runs.save(replace(run, handle={**run.handle, "preempted": True}))

    def requeue(self, seen: Run) -> Run:
        """Put a run back into the queue whose runner was ended, to begin anew.

        Raises:
            ConflictError: `RunChanged`.
        """
        return self._requeue(self._unchanged(seen))

    def begin(
        self, seen: Run, built: BuiltEnvironment, *, variables: Mapping[str, str]
    ) -> tuple[Run, str]:
        """Open the next attempt of a run whose environment is ready; return it and its secret.

        The secret is stored hashed with the attempt, so that neither exists without the other.
        The secrets of older attempts stay: what their runners send is refused as stale.

        Raises:
            ConflictError: `RunChanged`, when the run is no longer as it was seen.
        """
        made: dict[str, Any] = {
            "python": built.python,
            "variables": dict(variables),
            "image": built.image,
        }
        if seen.handle.get("place", {}).get("kind") in _ELSEWHERE:
            made["packages"] = list(built.packages)
        return self._begin(seen, made)

    def begin_again(self, seen: Run) -> tuple[Run, str]:
        """Open the next attempt of a run whose runner did not start, in the same environment.

        Raises:
            ConflictError: `RunChanged`.
        """
        return self._begin(
            seen, {name: seen.handle[name] for name in _MADE if name in seen.handle}
        )

    def launched(self, seen: Run, handle: dict[str, Any]) -> None:
        """Keep what the launcher said about an attempt, unless that attempt is over."""
        run = self._stores.runs.get(seen.workspace_id, seen.id)
        if run.attempt == seen.attempt and not run.is_terminal:
            kept = {key: value for key, value in run.handle.items() if key != "away"}
            self._stores.runs.save(replace(run, handle={**kept, "launcher": handle}))

    def waits(self, seen: Run, reason: str) -> None:
        """Keep why a runner that was launched has not begun; nothing once it has.

        Raises:
            ConflictError: `RunChanged`.
        """
        run = self._unchanged(seen)
        self._stores.runs.save(replace(run, handle={**run.handle, "waits": reason}))

    def delayed(self, seen: Run, reason: str) -> None:
        """Keep why the launch of an attempt waits, if it does, unless that attempt is over."""
        run = self._stores.runs.get(seen.workspace_id, seen.id)
        if (run.state, run.attempt) == (seen.state, seen.attempt):
            self._stores.runs.save(replace(run, handle={**run.handle, "away": reason}))

    def move(self, seen: Run, *, state: RunState, error: RunError | None = None) -> Run:
        """Take a step that the engine decided on, guarded by the state and attempt it saw.

        Raises:
            ConflictError: `RunChanged`.
        """
        run = self._unchanged(seen)
        if state in TERMINAL:
            return finish(self._stores, self._context, run, state, error=error)
        return self._advance(run, state)

    def _driven(self, caller: Principal, workspace_id: str, run_id: str, attempt: int) -> Run:
        if caller.run_id not in {None, run_id}:
            # A program writes the runs below its own; what drives them is their own runner.
            raise missing("run", run_id)
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_attempt(attempt)
        return run

    def _unchanged(self, seen: Run) -> Run:
        run = self._stores.runs.get(seen.workspace_id, seen.id)
        if (run.state, run.attempt) != (seen.state, seen.attempt):
            raise ConflictError(
                "RunChanged",
                f"The run {shown(run.id)} became {run.state} in the meantime.",
                target="state",
            )
        return run

    def _begin(self, seen: Run, made: Mapping[str, Any]) -> tuple[Run, str]:
        run = self._unchanged(seen)
        secret = self._context.new_secret("zrt")
        handle = {name: run.handle[name] for name in _KEPT if name in run.handle} | dict(made)
        if "away" in run.handle:
            # No runner was launched that could have died.
            handle["first_attempt"] = run.attempt
        run = replace(run, attempt=run.attempt + 1, handle=handle)
        run = self._advance(run, RunState.STARTING)
        self._stores.tokens.add(
            Token(
                digest=digest_of(secret),
                name=f"run {run.id}",
                role="run",
                workspace_id=run.workspace_id,
                run_id=run.id,
                attempt=run.attempt,
                created_at=self._context.clock.now(),
            )
        )
        return run, secret

    def _requeue(self, run: Run) -> Run:
        # The attempt is counted up here already, so that what the old runner still sends is stale.
        attempt = run.attempt + 1
        # A runner that never had leave to start anything has left no log to be kept apart.
        restarts = run.handle.get("restarts", 0) + ("runner" in run.handle)
        for below in self._stores.runs.open_below(run, interactive_only=True):
            finish(self._stores, self._context, below, RunState.CANCELED)
        again = replace(
            run,
            attempt=attempt,
            handle={"restarts": restarts, "first_attempt": attempt},
            error=None,
        )
        return self._advance(again, RunState.QUEUED)

    def _started(self, run: Run) -> Started:
        place = run.handle.get("place", {})
        target = self._stores.computes.find(run.workspace_id, run.spec.compute)
        limits = [run.spec.max_seconds, target.limits.max_run_seconds if target else None]
        return Started(
            run=run,
            python=run.handle["python"],
            variables=self._variables(run),
            nodes=tuple(place.get("nodes", ())),
            resources=_resources(target),
            max_seconds=min((limit for limit in limits if limit is not None), default=None),
            image=run.handle.get("image"),
            restarts=run.handle.get("restarts", 0),
        )

    def _advance(self, run: Run, state: RunState) -> Run:
        return advance(self._stores, self._context, run, state)

    def _variables(self, run: Run) -> dict[str, str]:
        workspace = self._stores.workspaces.get(run.workspace_id)
        return {
            **run.handle["variables"],
            **run.spec.variables,
            "AZUREML_RUN_ID": run.id,
            "AZUREML_WORKSPACE_ID": workspace.id,
            "AZUREML_EXPERIMENT_ID": run.experiment_id,
            "AZUREML_ARM_SUBSCRIPTION": workspace.subscription_id,
            "AZUREML_ARM_RESOURCEGROUP": workspace.resource_group,
            "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
            "AZUREML_ARM_PROJECT_NAME": run.experiment_name,
            "ZAFFRE_ATTEMPT": str(run.attempt),
        }


def _resources(target: Compute | None) -> NodeResources:
    """Return what the runner keeps its run to; a pod is kept to that by its cluster."""
    if target is None or target.kind is ComputeKind.KUBERNETES:
        return NodeResources()
    return target.resources


def _is_in_pod(run: Run) -> bool:
    return bool(run.handle.get("place", {}).get("kind") == ComputeKind.KUBERNETES)


_POD_ENDED = RunError(
    code="PodEnded",
    message="Kubernetes ended the pod of this run: somebody deleted it or its Job, its node was "
    "drained, or others needed the room. Submit the run again.",
)
_BACKWARDS = (RunState.FINALIZING, RunState.RUNNING)


def ending(
    run: Run, outcome: RunState, error: RunError | None
) -> tuple[RunState, RunError | None]:
    """Decide how a run ends whose process ended with `outcome`."""
    if run.state is RunState.CANCEL_REQUESTED:
        return RunState.CANCELED, None
    if run.error is not None and outcome is not RunState.CANCELED:
        return RunState.FAILED, run.error
    return outcome, error if outcome is RunState.FAILED else None
