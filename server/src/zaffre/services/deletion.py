"""Use cases of deletion for good: what may be deleted, and its removal a slice at a time.

Whatever is to go is noted and hidden first, in one short transaction; then it is taken apart in
many. Once noted, nothing stops it: after a crash the engine goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, ForbiddenError
from zaffre.domain.experiments import Experiment
from zaffre.domain.removals import Removal, RemovalKind, Removed, Slice
from zaffre.domain.runs import LEAVING, TERMINAL, Run, RunKind, RunState
from zaffre.ports.stores import RunFilter, Stores
from zaffre.services.access import seen_run, seen_workspace
from zaffre.services.context import Context

ROWS: Final = 1000
"""How many rows one transaction removes: others who write wait for so long."""
_SLICE_SECONDS: Final = 0.02
_PAGE: Final = 1000
_RUNS: Final = 100
_NAMED: Final = 5
_OPEN: Final = frozenset(RunState) - TERMINAL


class Target(NamedTuple):
    """What is to be deleted, and the runs that go with it."""

    removals: tuple[Removal, ...]
    run_ids: tuple[str, ...]


class DeletionService:
    """Use cases of deletion, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def run(self, workspace_id: str, run_id: str, *, caller: Principal, children: bool) -> Target:
        """Return what the deletion of a run takes along.

        Raises:
            ConflictError: `RunIsOpen`, while a runner drives it or a run below it; or
                `RunHasChildren`, naming them, when they are not to go along.
            ForbiddenError: `Forbidden`, for the token of a run.
        """
        _check_person(caller)
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        below = self._runs(workspace_id, RunFilter(below_id=run.id))
        if below and not children:
            raise ConflictError(
                "RunHasChildren",
                f"The run {shown(run.id)} has runs below it: {_listed(below)}.",
                target="run",
                hint="Delete them first, or delete them along with it: `children=true`.",
            )
        runs = [*below, run]
        _check_ended(runs)
        # Those below first: what is left after a crash still hangs together.
        return self._target(
            [(RemovalKind.RUN, run.id) for run in runs], workspace_id, [run.id for run in runs]
        )

    def experiment(self, workspace_id: str, name: str, *, caller: Principal) -> Target:
        """Return what the deletion of an experiment, given by name or id, takes along.

        Raises:
            NotFoundError: `ExperimentNotFound`.
            ConflictError: `RunIsOpen`, while a runner drives a run of it.
            ForbiddenError: `Forbidden`, for the token of a run.
        """
        _check_person(caller)
        experiment = self._experiment(workspace_id, name, caller)
        runs = self._runs(workspace_id, RunFilter(experiment_name=experiment.name))
        _check_ended(runs)
        return self._target(
            [(RemovalKind.EXPERIMENT, experiment.id)], workspace_id, [run.id for run in runs]
        )

    def foresee(self, workspace_id: str, target: Target) -> Removed:
        """Return what would be removed."""
        return self._stores.removals.foresee(workspace_id, target.run_ids)

    def begin(self, removals: Iterable[Removal]) -> None:
        """Note what is to go, and hide it; from here on it goes, whatever happens.

        Raises:
            ConflictError: `RunIsOpen`, when one was started since.
        """
        for removal in removals:
            self._stores.removals.add(removal)
            if removal.kind is RemovalKind.RUN:
                self._hide(removal.workspace_id, removal.target_id)
            else:
                self._close(removal)
        self._stores.after_commit(lambda: self._context.wakeup.hint("removals"))

    def pending(self) -> Sequence[Removal]:
        """Return what is being removed, oldest first."""
        return self._stores.removals.list(limit=_PAGE)

    def next_runs(self, removal: Removal) -> Sequence[str]:
        """Return runs of an experiment that is to go and still has some."""
        if removal.kind is not RemovalKind.EXPERIMENT:
            return []
        this = (removal.workspace_id, removal.target_id)
        return self._stores.removals.runs_of(*this, limit=_RUNS)

    def take_runs(self, workspace_id: str, run_ids: Sequence[str]) -> Slice:
        """Remove a slice of these runs; it is done when none of them is left."""
        removed = Removed()
        clock = self._context.clock
        end = clock.monotonic() + _SLICE_SECONDS
        for run_id in run_ids:
            left = ROWS - removed.artifacts
            if left <= 0 or clock.monotonic() > end:
                return Slice(removed, done=False)
            part = self._stores.removals.take_run(workspace_id, run_id, rows=left)
            removed += part.removed
            if not part.done:
                return Slice(removed, done=False)
            self._forget_tokens(run_id)
        return Slice(removed, done=True)

    def finish(self, removals: Iterable[Removal]) -> bool:
        """Remove a slice of what is left besides runs; tell whether nothing is."""
        for removal in removals:
            if not self._take(removal):
                return False
            self._stores.removals.done(removal)
        return True

    def _take(self, removal: Removal) -> bool:
        this = (removal.workspace_id, removal.target_id)
        if removal.kind is RemovalKind.EXPERIMENT:
            return self._stores.removals.take_experiment(*this, rows=ROWS)
        if removal.kind is RemovalKind.SNAPSHOT:
            return self._stores.removals.take_snapshot(*this, rows=ROWS)
        return True

    def _experiment(self, workspace_id: str, name: str, caller: Principal) -> Experiment:
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.experiments.find(workspace_id, name)
        return found or self._stores.experiments.get(workspace_id, name)

    def _runs(self, workspace_id: str, where: RunFilter) -> list[Run]:
        runs: list[Run] = []
        while True:
            after = runs[-1].id if runs else None
            page = self._stores.runs.list(workspace_id, where, limit=_PAGE, after=after)
            runs += page
            if len(page) < _PAGE:
                return runs

    def _target(
        self, things: Iterable[tuple[RemovalKind, str]], workspace_id: str, run_ids: Iterable[str]
    ) -> Target:
        now = self._context.clock.now()
        removals = (
            Removal(workspace_id=workspace_id, kind=kind, target_id=thing, created_at=now)
            for kind, thing in things
        )
        return Target(tuple(removals), tuple(run_ids))

    def _hide(self, workspace_id: str, run_id: str) -> None:
        run = self._stores.runs.get(workspace_id, run_id)
        _check_ended([run])
        now = self._context.clock.now()
        hidden = replace(
            run, archived_at=run.archived_at or now, handle={**run.handle, LEAVING: True}
        )
        self._stores.runs.save(hidden)
        self._stores.tokens.remove_of_run(workspace_id, run_id)
        self._forget_tokens(run_id)

    def _close(self, removal: Removal) -> None:
        experiment = self._stores.experiments.get(removal.workspace_id, removal.target_id)
        _check_ended(
            self._stores.runs.list(
                removal.workspace_id,
                RunFilter(experiment_name=experiment.name, states=_OPEN),
                limit=_PAGE,
            )
        )
        now = self._context.clock.now()
        self._stores.experiments.save(
            replace(experiment, archived_at=experiment.archived_at or now)
        )

    def _forget_tokens(self, run_id: str) -> None:
        self._stores.after_commit(lambda: self._context.tokens_removed(run_id))


def _check_person(caller: Principal) -> None:
    if caller.run_id is not None:
        raise ForbiddenError(
            "Forbidden",
            f"{caller.name} may not delete runs or experiments for good.",
            target="authorization",
            hint="Do it outside of a run.",
        )


def _check_ended(runs: Sequence[Run]) -> None:
    """Refuse runs that have a runner, or wait for one; programs of their own may be gone."""
    open_runs = [run for run in runs if run.is_open and run.spec.kind is RunKind.SCRIPT]
    if open_runs:
        raise ConflictError(
            "RunIsOpen",
            f"Not all runs have ended: {_listed(open_runs)}.",
            target="run",
            hint="Cancel what has not ended first, and wait for its end.",
        )


def _listed(runs: Sequence[Run]) -> str:
    named = ", ".join(shown(run.id) for run in runs[:_NAMED])
    return f"{named} and {len(runs) - _NAMED} more" if len(runs) > _NAMED else named
