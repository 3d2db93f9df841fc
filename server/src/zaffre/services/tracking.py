"""Use cases of runs whose programs track them: read whole, searched, taken up, put away."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.inputs import RunInput
from zaffre.domain.labels import change_tags, check_text, listed
from zaffre.domain.logged_models import RunModel
from zaffre.domain.metrics import LatestMetric
from zaffre.domain.run_names import run_name
from zaffre.domain.runs import PARENT_TAG, TERMINAL, Run, RunError, RunKind, RunSpec, RunState
from zaffre.domain.search import Place, RunSearch
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_run, seen_workspace, writable_run
from zaffre.services.context import Context
from zaffre.services.runs import NewRun, RunService

MODELS_TAG: Final = "mlflow.log-model.history"
"""The tag of a run that lists, as JSON, the models that programs of earlier releases logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A run with what was logged of it."""

    run: Run
    metrics: Sequence[LatestMetric] = ()
    params: dict[str, str] = field(default_factory=dict)
    inputs: Sequence[RunInput] = ()
    models: Sequence[RunModel] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrackedRun:
    """What a program says of a run that it begins; without a name it is given one."""

    experiment_id: str
    name: str | None = None
    parent_id: str | None = None
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """What the program of a run says of it now; None leaves a field as it is."""

    state: RunState | None = None
    ended_at: datetime | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedChange:
    """What to change of a run; None leaves a field as it is, a tag of None is removed."""

    name: str | None = None
    description: str | None = None
    parent_id: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)


class TrackingService:
    """Use cases of tracked runs, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def start(self, workspace_id: str, new: NewTrackedRun, *, caller: Principal) -> TrackedRun:
        """Begin a run; what a script begins without naming a parent is below its own run.

        A parent that is not here is kept as a tag: copies of runs may come before their parents,
        or without them.

        Raises:
            ConflictError: `ExperimentArchived`.
            NotFoundError: The workspace, the experiment, or a parent that the caller cannot write.
        """
        experiment = self._stores.experiments.get(workspace_id, new.experiment_id)
        parent_id, tags = new.parent_id, dict(new.tags)
        if parent_id is not None and not self._is_known(workspace_id, parent_id):
            tags[PARENT_TAG] = parent_id
            parent_id = None
        created = RunService(self._stores, self._context).create(
            workspace_id,
            NewRun(
                experiment_name=experiment.name,
                spec=RunSpec(kind=RunKind.INTERACTIVE),
                id=self._context.new_id(),
                parent_id=parent_id or caller.run_id,
                display_name=new.name or run_name(self._context.new_id()),
                description=new.description,
                tags=tags,
                started_at=new.started_at,
            ),
            caller=caller,
        )
        return TrackedRun(run=created)

    def get(self, workspace_id: str, run_id: str, *, caller: Principal) -> TrackedRun:
        """Return a run with what was logged of it."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._whole(workspace_id, [run])[0]

    def search(
        self,
        workspace_id: str,
        search: RunSearch,
        *,
        caller: Principal,
        limit: int,
        place: Place,
    ) -> list[TrackedRun]:
        """Return the runs that meet every condition, from `place` on."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.run_search.search(workspace_id, search, limit=limit, place=place)
        return self._whole(workspace_id, found)

    def restate(
        self, workspace_id: str, run_id: str, told: Restatement, *, caller: Principal
    ) -> Run:
        """Take what the program of a run says of it.

        A run that its program drives may be taken up again after its end. The state of a script
        is its runner's to tell: a failure is remembered, and the rest changes nothing.

        Raises:
            InvalidError: `RunArchived`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_listed()
        if told.name:
            run = replace(run, display_name=check_text(told.name, target="run_name"))
            self._stores.runs.save(run)
        if run.spec.kind is RunKind.SCRIPT:
            return self._tell_script(run, told, caller)
        changed = _restated(run, told, now=self._context.clock.now())
        if changed is not run:
            self._stores.runs.save(changed)
            self._stores.after_commit(lambda: self._context.wakeup.hint("runs"))
        return changed

    def change(
        self, workspace_id: str, run_id: str, change: TrackedChange, *, caller: Principal
    ) -> Run:
        """Change name, description, parent and tags, also of a run that has ended.

        Raises:
            InvalidError: `RunArchived`, or `InvalidParent`.
            NotFoundError: `TagNotFound`, for one that is to be removed; or a parent that the
                caller cannot write. One that is not here is kept as a tag.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_listed()
        gone = [key for key, value in change.tags.items() if value is None]
        for key in gone:
            if key not in run.tags:
                raise NotFoundError(
                    "TagNotFound",
                    f"No tag with name: {shown(key)} in run with id {shown(run_id)}.",
                    target="key",
                    name=key,
                )
        described = run.description if change.description is None else change.description
        parent_id, tags = self._place(run, change)
        changed = replace(
            run,
            display_name=check_text(change.name or run.display_name, target="run_name"),
            description=check_text(described, target="description"),
            parent_id=self._parent(run, parent_id, caller),
            tags=change_tags(run.tags, tags) if tags else run.tags,
        )
        self._stores.runs.save(changed)
        return changed

    def note_model(
        self, workspace_id: str, run_id: str, model: Mapping[str, Any], *, caller: Principal
    ) -> None:
        """Add what a program says of a model that it logged to the run's list of such models.

        Raises:
            InvalidError: `RunArchived`, or `TextTooLong` when there are very many.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_listed()
        text = json.dumps([*listed(run.tags.get(MODELS_TAG, "")), model])
        self._stores.runs.save(replace(run, tags=change_tags(run.tags, {MODELS_TAG: text})))

    def archive(
        self, workspace_id: str, run_id: str, *, caller: Principal, archived: bool = True
    ) -> None:
        """Put a run away, or back; what it logged stays as it is."""
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        if archived is (run.archived_at is None):
            at = self._context.clock.now() if archived else None
            self._stores.runs.save(replace(run, archived_at=at))

    def _place(
        self, run: Run, change: TrackedChange
    ) -> tuple[str | None, Mapping[str, str | None]]:
        """Return the parent that a run is to have, and tags: a parent that is not here is one."""
        parent_id, tags = change.parent_id, change.tags
        if parent_id is None:
            return None, tags
        if not self._is_known(run.workspace_id, parent_id):
            return None, {**tags, PARENT_TAG: parent_id}
        if PARENT_TAG in run.tags:
            return parent_id, {**tags, PARENT_TAG: None}
        return parent_id, tags

    def _is_known(self, workspace_id: str, run_id: str) -> bool:
        try:
            self._stores.runs.get(workspace_id, run_id)
        except NotFoundError:
            return False
        return True

    def _parent(self, run: Run, parent_id: str | None, caller: Principal) -> str | None:
        """Return the parent that a run is to have: one that it is not itself above."""
        if parent_id in {None, run.parent_id}:
            return run.parent_id
        above = writable_run(self._stores, run.workspace_id, str(parent_id), caller=caller)
        while above.id != run.id and above.parent_id is not None:
            above = self._stores.runs.get(run.workspace_id, above.parent_id)
        if above.id == run.id:
            raise InvalidError(
                "InvalidParent",
                f"The run {shown(run.id)} cannot be below {shown(parent_id)}, which is below it.",
                target="mlflow.parentRunId",
            )
        return parent_id

    def _tell_script(self, run: Run, told: Restatement, caller: Principal) -> Run:
        if told.state not in TERMINAL or told.state is None or run.is_terminal:
            return run
        runs = RunService(self._stores, self._context)
        return runs.end(run.workspace_id, run.id, told.state, caller=caller)

    def _whole(self, workspace_id: str, found: Sequence[Run]) -> list[TrackedRun]:
        ids = [run.id for run in found]
        metrics = self._stores.metrics.latest(workspace_id, ids)
        params = self._stores.params.of(workspace_id, ids)
        inputs = self._stores.inputs.of(workspace_id, ids)
        models = self._stores.logged_models.links(found)
        return [
            TrackedRun(
                run=run,
                metrics=metrics.get(run.id, ()),
                params=params.get(run.id, {}),
                inputs=inputs.get(run.id, ()),
                models=models.get(run.id, ()),
            )
            for run in found
        ]


def _restated(run: Run, told: Restatement, *, now: datetime) -> Run:
    if told.state is not None:
        run = run.restate(told.state, at=told.ended_at or now)
    if run.is_terminal and told.ended_at is not None and run.ended_at != told.ended_at:
        run = replace(run, ended_at=told.ended_at)
    if run.state is RunState.FAILED and run.error is None:
        error = RunError(code="RunFailed", message="The program failed the run.")
        run = replace(run, error=error)
    return run
