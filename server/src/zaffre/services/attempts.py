"""Use cases of attempts: what runners and the engine do with a run that executes user code.

While a run is driven its handle says: `python` and `variables`, the built environment; `runner`,
the name of the runner that was given leave to start the user's process; `launcher`, what the
launcher needs to find it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zaffre.base.text import shown
from zaffre.domain.access import Principal, Token
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.runs import TERMINAL, Run, RunError, RunState
from zaffre.ports.stores import Stores
from zaffre.services.access import writable_run
from zaffre.services.context import Context
from zaffre.services.runs import advance, check_end, finish
from zaffre.services.tokens import digest_of

_BEATING = frozenset({RunState.RUNNING, RunState.FINALIZING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a runner needs to start the user's process."""

    run: Run
    python: str
    variables: dict[str, str] = field(default_factory=dict)


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
        return Started(run=run, python=run.handle["python"], variables=self._variables(run))

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
        state, reason = ending(run, outcome, error)
        return finish(self._stores, self._context, run, state, error=reason)

    def begin(self, seen: Run, *, python: str, variables: Mapping[str, str]) -> tuple[Run, str]:
        """Open the next attempt of a run whose environment is ready; return it and its secret.

        The secret is stored hashed with the attempt, so that neither exists without the other.
        The secrets of older attempts stay: what their runners send is refused as stale.

        Raises:
            ConflictError: `RunChanged`, when the run is no longer as it was seen.
        """
        run = self._unchanged(seen)
        secret = self._context.new_secret("zrt")
        handle = {"python": python, "variables": dict(variables)}
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

    def launched(self, seen: Run, handle: dict[str, Any]) -> None:
        """Keep what the launcher said about an attempt, unless that attempt is over."""
        run = self._stores.runs.get(seen.workspace_id, seen.id)
        if run.attempt == seen.attempt and not run.is_terminal:
            self._stores.runs.save(replace(run, handle={**run.handle, "launcher": handle}))

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
