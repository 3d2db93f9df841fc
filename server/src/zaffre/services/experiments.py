"""Use cases of experiments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, InvalidError, missing
from zaffre.domain.experiments import DEFAULT, Experiment
from zaffre.domain.labels import change_tags, check_labels, check_text
from zaffre.domain.names import EXPERIMENT
from zaffre.domain.search import ExperimentSearch
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentChange:
    """What to change of an experiment; None leaves a field as it is.

    Attributes:
        name: A name that is free.
        tags: Instead of those there are.
        tag_changes: To those there are; a tag of None is removed.
        archived: An archived experiment takes no new runs, and its runs are archived with it.
    """

    name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    tag_changes: Mapping[str, str | None] | None = None
    archived: bool | None = None


class ExperimentService:
    """Use cases of experiments, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def ensure(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        tags: Mapping[str, str] | None = None,
    ) -> Experiment:
        """Return the experiment of that name, created if there was none.

        The default experiment was always there: it is as old as its workspace, whenever somebody
        asks for it first.
        """
        workspace = seen_workspace(self._stores, workspace_id, caller=caller)
        checked = EXPERIMENT.check(name)
        found = self._stores.experiments.find(workspace_id, checked)
        since = workspace.created_at if checked == DEFAULT else None
        return found or self._add(workspace_id, checked, tags or {}, since=since)

    def create(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        tags: Mapping[str, str] | None = None,
    ) -> Experiment:
        """Create an experiment.

        Raises:
            ConflictError: `ExperimentExists`, also for one that is archived.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        checked = self._check_free(workspace_id, name)
        return self._add(workspace_id, checked, tags or {})

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> Experiment:
        """Return the experiment of that name, or of that id.

        Raises:
            NotFoundError: `ExperimentNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.experiments.find(workspace_id, EXPERIMENT.normal(name))
        return found or self._stores.experiments.get(workspace_id, name)

    def find(self, workspace_id: str, name: str, *, caller: Principal) -> Experiment | None:
        """Return the experiment of that name."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.experiments.find(workspace_id, EXPERIMENT.normal(name))

    def get_by_id(self, workspace_id: str, experiment_id: str, *, caller: Principal) -> Experiment:
        """Return the experiment of that id.

        Raises:
            NotFoundError: `ExperimentNotFound`, also in a workspace that the caller cannot see.
        """
        if caller.workspace_id not in {None, workspace_id}:
            raise missing("experiment", experiment_id)
        return self._stores.experiments.get(workspace_id, experiment_id)

    def search(
        self,
        workspace_id: str,
        search: ExperimentSearch,
        *,
        caller: Principal,
        limit: int,
        offset: int = 0,
    ) -> list[Experiment]:
        """Return the experiments that meet every condition, from the place `offset` on."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.experiments.search(workspace_id, search, limit=limit, offset=offset)

    def list(
        self, workspace_id: str, *, caller: Principal, limit: int, after: str | None = None
    ) -> list[Experiment]:
        """Return the experiments by name, those behind the name `after`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.experiments.list(workspace_id, limit=limit, after=after)

    def change(
        self, workspace_id: str, name: str, change: ExperimentChange, *, caller: Principal
    ) -> Experiment:
        """Change what is given of the experiment of that name, or of that id.

        Raises:
            ConflictError: `ExperimentExists`, when the new name is taken.
            InvalidError: `DefaultExperiment`, when the default experiment is renamed.
        """
        return self._changed(self.get(workspace_id, name, caller=caller), change)

    def change_by_id(
        self, workspace_id: str, experiment_id: str, change: ExperimentChange, *, caller: Principal
    ) -> Experiment:
        """Change what is given of the experiment of that id, which may be the name of another.

        Raises:
            NotFoundError: As `get_by_id`.
            ConflictError: As `change`; and so with `InvalidError`.
        """
        return self._changed(self.get_by_id(workspace_id, experiment_id, caller=caller), change)

    def _changed(self, present: Experiment, change: ExperimentChange) -> Experiment:
        now = self._context.clock.now()
        described = present.description if change.description is None else change.description
        tags = present.tags if change.tags is None else check_labels(change.tags, target="tags")
        changed = replace(
            present,
            name=self._new_name(present, change.name),
            tags=change_tags(tags, change.tag_changes or {}),
            description=check_text(described, target="description"),
            updated_at=now,
            archived_at=_archived_at(present, now, archived=change.archived),
        )
        if changed.name != present.name:
            self._stores.experiments.rename(present, changed.name)
        self._stores.experiments.save(changed)
        if changed.archived_at != present.archived_at:
            self._stores.runs.set_archived(
                present, at=changed.archived_at, before=present.archived_at
            )
        return changed

    def _add(
        self,
        workspace_id: str,
        name: str,
        tags: Mapping[str, str],
        *,
        since: datetime | None = None,
    ) -> Experiment:
        now = since or self._context.clock.now()
        experiment = Experiment(
            id=self._context.new_id(),
            workspace_id=workspace_id,
            name=name,
            tags=check_labels(tags, target="tags"),
            created_at=now,
            updated_at=now,
        )
        self._stores.experiments.add(experiment)
        return experiment

    def _new_name(self, present: Experiment, name: str | None) -> str:
        if name is None or EXPERIMENT.normal(name) == present.name:
            return present.name
        if present.name == DEFAULT:
            raise InvalidError(
                "DefaultExperiment",
                f"The experiment {shown(DEFAULT)} cannot be renamed: programs that name none use"
                " it.",
                target="name",
                hint="Create another experiment.",
            )
        return self._check_free(present.workspace_id, name)

    def _check_free(self, workspace_id: str, name: str) -> str:
        checked = EXPERIMENT.check(name)
        found = self._stores.experiments.find(workspace_id, checked)
        if found is None:
            return checked
        hint = "Use the experiment there is, or another name."
        if found.archived_at is not None:
            hint = f"It is in deleted state: restore {shown(found.id)}, or choose another name."
        raise ConflictError(
            "ExperimentExists",
            f"The experiment {shown(checked)} already exists.",
            target="name",
            hint=hint,
            name=checked,
        )


def _archived_at(present: Experiment, now: datetime, *, archived: bool | None) -> datetime | None:
    if archived is None:
        return present.archived_at
    return (present.archived_at or now) if archived else None
