"""Use cases of experiments."""

from collections.abc import Mapping
from dataclasses import replace

from zaffre.domain.access import Principal
from zaffre.domain.errors import missing
from zaffre.domain.experiments import Experiment
from zaffre.domain.labels import check_labels, check_text
from zaffre.domain.names import EXPERIMENT
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context


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
        """Return the experiment of that name, created if there was none."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        checked = EXPERIMENT.check(name)
        found = self._stores.experiments.find(workspace_id, checked)
        if found is not None:
            return found
        experiment = Experiment(
            id=self._context.new_id(),
            workspace_id=workspace_id,
            name=checked,
            tags=check_labels(tags or {}, target="tags"),
            created_at=self._context.clock.now(),
        )
        self._stores.experiments.add(experiment)
        return experiment

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> Experiment:
        """Return the experiment of that name.

        Raises:
            NotFoundError: `ExperimentNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.experiments.find(workspace_id, name)
        if found is None:
            raise missing("experiment", name)
        return found

    def list(
        self, workspace_id: str, *, caller: Principal, limit: int, after: str | None = None
    ) -> list[Experiment]:
        """Return the experiments by name, those behind the name `after`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.experiments.list(workspace_id, limit=limit, after=after)

    def change(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        archived: bool | None = None,
    ) -> Experiment:
        """Change what is given; tags are replaced; an archived experiment takes no new runs."""
        present = self.get(workspace_id, name, caller=caller)
        described = present.description if description is None else description
        archived_at = present.archived_at
        if archived is not None:
            archived_at = (archived_at or self._context.clock.now()) if archived else None
        changed = replace(
            present,
            tags=present.tags if tags is None else check_labels(tags, target="tags"),
            description=check_text(described, target="description"),
            archived_at=archived_at,
        )
        self._stores.experiments.save(changed)
        return changed
