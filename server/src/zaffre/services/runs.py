"""Use cases of runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from zaffre.base.text import shown
from zaffre.domain.access import Permission, Principal
from zaffre.domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from zaffre.domain.experiments import Experiment
from zaffre.domain.labels import add_properties, change_tags, check_labels, check_text
from zaffre.domain.names import RUN
from zaffre.domain.runs import TERMINAL, Run, RunError, RunKind, RunSpec, RunState
from zaffre.domain.specs import check_script, check_spec
from zaffre.ports.stores import RunFilter, Stores
from zaffre.services.access import seen_run, seen_workspace, writable_run
from zaffre.services.context import Context
from zaffre.services.environment_files import accept
from zaffre.services.experiments import ExperimentService
from zaffre.services.run_data import check_data
from zaffre.services.targets import check_target

_NOT_BEGUN = frozenset({RunState.NOT_STARTED, RunState.QUEUED})
_EXPERIMENT_IN_ID = 200
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_\-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What a caller says of a run to be.

    Attributes:
        id: Chosen by the caller, so that a submission can be sent again; None for one of ours.
        beats: Its program says now and then that it lives, and is watched (interactive runs).
        started_at: When an interactive run began; None is now.
    """

    experiment_name: str
    spec: RunSpec
    id: str | None = None
    parent_id: str | None = None
    display_name: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    beats: bool = False
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """What to change of a run; None leaves a field as it is, a tag of None is removed."""

    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


class RunService:
    """Use cases of runs, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(self, workspace_id: str, new: NewRun, *, caller: Principal) -> Run:
        """Create a run: an interactive one is running, a script waits in the queue.

        The experiment is created with its first run. Creating a run again under the id that its
        caller chose returns the run that there is, if it was asked to do the same.

        Raises:
            ConflictError: `RunExists` or `ExperimentArchived`.
            InvalidError: What `check_spec` refuses, and names and labels against the rules.
            NotFoundError: The workspace, parent, snapshot, compute target, or data of the run.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        self._check_reach(workspace_id, new, caller)
        twin = self._twin(workspace_id, new, caller)
        if twin is not None:
            return twin
        self._check_spec(workspace_id, new.spec)
        check_target(self._stores, workspace_id, new.spec)
        check_data(self._stores, self._context, workspace_id, new.spec, caller=caller)
        experiment = ExperimentService(self._stores, self._context).ensure(
            workspace_id, new.experiment_name, caller=caller
        )
        experiment.check_listed()
        run = self._new_run(experiment, new, caller)
        self._stores.runs.add(run)
        _tell(self._stores, self._context)
        return run

    def get(self, workspace_id: str, run_id: str, *, caller: Principal) -> Run:
        """Return the run."""
        return seen_run(self._stores, workspace_id, run_id, caller=caller)

    def get_writable(self, workspace_id: str, run_id: str, *, caller: Principal) -> Run:
        """Return the run if it is open and the caller may add to it.

        Raises:
            NotFoundError: `RunNotFound`.
            ConflictError: `RunIsTerminal` or `StaleAttempt`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_open()
        return run

    def list(
        self,
        workspace_id: str,
        where: RunFilter,
        *,
        caller: Principal,
        limit: int,
        after: str | None = None,
    ) -> list[Run]:
        """Return the runs newest first, those older than the run `after`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.runs.list(workspace_id, where, limit=limit, after=after)

    def change(
        self, workspace_id: str, run_id: str, change: RunChange, *, caller: Principal
    ) -> Run:
        """Change names, tags and properties, also of a run that has ended.

        Raises:
            ConflictError: `PropertyExists`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        named = run.display_name if change.display_name is None else change.display_name
        described = run.description if change.description is None else change.description
        changed = replace(
            run,
            display_name=check_text(named, target="display_name"),
            description=check_text(described, target="description"),
            tags=change_tags(run.tags, change.tags),
            properties=add_properties(run.properties, change.properties),
        )
        self._stores.runs.save(changed)
        return changed

    def cancel(self, workspace_id: str, run_id: str, *, caller: Principal) -> Run:
        """Cancel a run and the open runs below it; canceling again changes nothing.

        What no runner drives is canceled at once; for the rest it is requested.

        Raises:
            ConflictError: `RunIsTerminal`, when it completed or failed before.
        """
        run = self._present(workspace_id, run_id, caller)
        if run.state is RunState.CANCELED:
            return run
        run.check_open()
        return self._cancel(run)

    def end(
        self,
        workspace_id: str,
        run_id: str,
        state: RunState,
        *,
        caller: Principal,
        error: RunError | None = None,
    ) -> Run:
        """Take what the program of a run says of its end.

        An interactive run ends with it. The end of a script run is its runner's to tell: a
        failure is remembered until then, a success changes nothing.

        Raises:
            InvalidError: `InvalidState`.
            ConflictError: `RunIsTerminal`, when it ended otherwise before.
        """
        check_end(state)
        run = self._present(workspace_id, run_id, caller)
        if run.state is state:
            return run
        run.check_open()
        if state is RunState.CANCELED:
            return self._cancel(run)
        if state is RunState.FAILED:
            error = error or RunError(code="RunFailed", message="The program failed the run.")
        if run.spec.kind is RunKind.INTERACTIVE:
            return finish(self._stores, self._context, run, state, error=error)
        if error is None:
            return run
        remembered = replace(run, error=error.shortened())
        self._stores.runs.save(remembered)
        return remembered

    def _present(self, workspace_id: str, run_id: str, caller: Principal) -> Run:
        """Return the run as its program knows it: one that seemed lost is running."""
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        return run.restate(RunState.RUNNING, at=self._context.clock.now()) if run.is_lost else run

    def _check_reach(self, workspace_id: str, new: NewRun, caller: Principal) -> None:
        """A script costs a machine; the token of a run adds interactive runs below its own."""
        if new.spec.kind is RunKind.SCRIPT:
            caller.require(Permission.RUNS_SUBMIT)
        if new.parent_id is None and caller.run_id is not None:
            raise ForbiddenError(
                "Forbidden",
                f"{caller.name} may only start runs below its own.",
                target="parent_id",
                hint="Start it with `child_run`.",
            )
        if new.parent_id is not None:
            writable_run(self._stores, workspace_id, new.parent_id, caller=caller)

    def _check_spec(self, workspace_id: str, spec: RunSpec) -> None:
        check_spec(spec)
        accept(self._stores, self._context, workspace_id, spec=spec.environment)
        if spec.snapshot_id is not None:
            snapshot = self._stores.snapshots.get(workspace_id, spec.snapshot_id)
            if spec.script is not None:
                check_script(spec.script, snapshot)

    def _twin(self, workspace_id: str, new: NewRun, caller: Principal) -> Run | None:
        if new.id is None:
            return None
        try:
            run = self._stores.runs.get(workspace_id, new.id)
        except NotFoundError:
            return None
        asked = (new.experiment_name, new.parent_id, new.spec, caller.name)
        if asked == (run.experiment_name, run.parent_id, run.spec, run.created_by):
            return run
        raise ConflictError(
            "RunExists",
            f"The run {shown(new.id)} exists and was asked to do something else.",
            target="id",
            hint="Leave the id out, or choose another.",
        )

    def _new_run(self, experiment: Experiment, new: NewRun, caller: Principal) -> Run:
        now = self._context.clock.now()
        run_id = new.id or (
            f"{_plain(experiment.name)}_{int(now.timestamp())}_{self._context.new_id()[:8]}"
        )
        is_interactive = new.spec.kind is RunKind.INTERACTIVE
        return Run(
            id=RUN.check(run_id),
            workspace_id=experiment.workspace_id,
            experiment_id=experiment.id,
            experiment_name=experiment.name,
            parent_id=new.parent_id,
            number=self._stores.runs.next_number(experiment.id),
            spec=new.spec,
            state=RunState.RUNNING if is_interactive else RunState.QUEUED,
            display_name=check_text(new.display_name or run_id, target="display_name"),
            description=check_text(new.description, target="description"),
            tags=check_labels(new.tags, target="tags"),
            properties=check_labels(new.properties, target="properties"),
            created_by=caller.name,
            created_at=now,
            started_at=(new.started_at or now) if is_interactive else None,
            handle={"beats": True} if new.beats and is_interactive else {},
        )

    def _cancel(self, run: Run) -> Run:
        # Newest first, which is children before their parents.
        for below in self._stores.runs.open_below(run):
            self._cancel_one(below)
        return self._cancel_one(run)

    def _cancel_one(self, run: Run) -> Run:
        if run.spec.kind is RunKind.INTERACTIVE or run.state in _NOT_BEGUN:
            return finish(self._stores, self._context, run, RunState.CANCELED)
        return advance(self._stores, self._context, run, RunState.CANCEL_REQUESTED)


def advance(stores: Stores, context: Context, run: Run, state: RunState) -> Run:
    """Move a run to a state in which it goes on, and tell the engine and waiting readers.

    Raises:
        ConflictError: `RunIsTerminal` or `InvalidTransition`.
    """
    moved = run.move(state, at=context.clock.now())
    stores.runs.save(moved)
    _tell(stores, context)
    return moved


def finish(
    stores: Stores, context: Context, run: Run, state: RunState, *, error: RunError | None = None
) -> Run:
    """End a run: the one place where runs become terminal.

    A failure that the program told before turns a success into a failure. The tokens of the run
    die with it, and the interactive runs below a script end as it did, since nobody is left who
    could end them.

    Raises:
        ConflictError: `RunIsTerminal` or `InvalidTransition`.
    """
    if state is RunState.COMPLETED and run.error is not None:
        state = RunState.FAILED
    error = error and error.shortened()
    ended = run.move(state, at=context.clock.now(), error=error)
    stores.runs.save(ended)
    stores.tokens.remove_of_run(run.workspace_id, run.id)
    stores.after_commit(lambda: context.tokens_removed(run.id))
    _tell(stores, context)
    if run.spec.kind is RunKind.SCRIPT:
        for below in stores.runs.open_below(run, interactive_only=True):
            finish(stores, context, below, ended.state, error=error)
    return ended


def check_end(state: RunState) -> None:
    """Refuse what is no end of a run; raises `InvalidState`."""
    if state not in TERMINAL:
        raise InvalidError(
            "InvalidState",
            f"A run cannot end as {shown(state)}.",
            target="state",
            hint="Say `Completed`, `Failed` or `Canceled`.",
        )


def _plain(experiment: str) -> str:
    """Return what of a name can begin an id: MLflow takes letters, digits, `_` and `-`."""
    return _NOT_IN_ID.sub("_", experiment[:_EXPERIMENT_IN_ID]).lstrip("_-") or "run"


def _tell(stores: Stores, context: Context) -> None:
    stores.after_commit(lambda: context.wakeup.hint("runs"))
