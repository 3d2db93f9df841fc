"""Experiments: runs under one name."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _submission
from azureml.core._nouns import nouns_of
from azureml.core._run_base import iso, text_pairs
from azureml.core._run_filters import fits, label_filter
from azureml.core._unsupported import unsupported
from azureml.core.run import Run
from azureml.exceptions import SnapshotException, UserErrorException
from zaffre_sdk.notices import notice
from zaffre_sdk.tracking.beating import heart
from zaffre_sdk.tracking.git import git_properties
from zaffre_sdk.wire.experiments import ExperimentChange
from zaffre_sdk.wire.runs import RunIn, RunSpec

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Iterator, ValuesView

    from azureml.core.script_run import ScriptRun
    from zaffre_sdk.wire.experiments import ExperimentOut

__all__ = ["Experiment", "ViewType"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,254}")
# The folder of a notebook goes along when that is cheap; it may just as well be a whole home.
_CHEAP_FILES = 300
_CHEAP_BYTES = 10_000_000
_DOCS_URL = "https://learn.microsoft.com/python/api/azureml-core/azureml.core.Experiment"


class ViewType:
    """Which experiments to list."""

    ActiveOnly = "ActiveOnly"
    All = "All"
    ArchivedOnly = "ArchivedOnly"


# Whether an experiment is archived, as far as it is wanted.
_VIEWS = {
    ViewType.ActiveOnly: {False},
    ViewType.ArchivedOnly: {True},
    ViewType.All: {False, True},
}


class Experiment:
    """A name under which runs are kept; it is created with its first run.

    Example:
        >>> experiment = Experiment(workspace, "train")
        >>> run = experiment.start_logging()

    Args:
        workspace: The workspace.
        name: Letters, digits, `_`, `-` and `.`.
    """

    DELIM = "/"
    TID_FMT = "aml_{}"
    WORKSPACE_FMT = "azureml://subscriptions/{}/resourceGroups/{}/workspaces/{}"
    EXPERIMENT_ID_PATH = "experimentids/{}"
    EXPERIMENT_NAME_PATH = "experiments/{}"

    def __init__(
        self,
        workspace: Any,
        name: str,
        _skip_name_validation: bool = False,
        _id: str | None = None,
        _archived_time: Any = None,
        _create_in_cloud: bool = True,
        _experiment_dto: Any = None,
        **kwargs: Any,
    ) -> None:
        self._nouns = nouns_of(workspace)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UserErrorException(
                f"The experiment name `{name}` is not allowed.\nA name has 1 to 255 letters, "
                "digits, `_`, `-` or `.`, and begins with a letter, digit or `_`."
            )
        self._workspace = workspace
        self._name = name
        self._seen: ExperimentOut | None = _experiment_dto

    @property
    def workspace(self) -> Any:
        """The workspace."""
        return self._workspace

    @property
    def workspace_object(self) -> Any:
        """The workspace."""
        return self._workspace

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def id(self) -> str:
        """The id; asking for it creates the experiment."""
        return self._known().id

    @property
    def identity(self) -> str:
        """What it is, in one line."""
        return f"Experiment {self._name}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return dict(self._known().tags)

    @property
    def archived_time(self) -> str | None:
        """When it was archived, or None."""
        return iso(self._known().archived_at)

    def start_logging(self, *args: Any, **kwargs: Any) -> Run:
        """Start a run that this program drives, and log to it.

        Args:
            *args: Accepted.
            **kwargs: `outputs`, a folder that `complete` uploads; `snapshot_directory`, sent with
                the run (the present folder by default, when it is small); `display_name`;
                `run_id`; `tags`.
        """
        folder = kwargs.pop("snapshot_directory", ".")
        created = self._nouns.runs.create(
            RunIn(
                experiment=self._name,
                spec=RunSpec(
                    kind="interactive", snapshot_id=self._cheap_snapshot(folder), compute="local"
                ),
                id=kwargs.pop("run_id", None),
                display_name=kwargs.pop("display_name", None),
                tags=text_pairs(kwargs.pop("tags", None), "tags"),
                properties=git_properties(Path(folder or ".")),
                beats=True,
            )
        )
        heart.keep(self._nouns.workspace, created.id)
        return Run(self, created.id, outputs=kwargs.pop("outputs", None), _seen=created)

    def submit(
        self, config: Any = None, tags: dict[str, Any] | None = None, **kwargs: Any
    ) -> ScriptRun:
        """Submit a script and return its run; nothing is waited for.

        Args:
            config: A `ScriptRunConfig`, or an estimator.
            tags: Tags of the run.
            **kwargs: `run_id`, `display_name`, `properties`; for an estimator `script_params`,
                `inputs` and `source_directory_data_store`, which it then has for this run.

        Raises:
            UserErrorException: The configuration cannot be run; says which argument.
            ComputeTargetException: There is no such target; lists those that there are.
            SnapshotException: The source folder cannot be sent; says what in it.
        """
        return _submission.submit(self, config, tags, kwargs)

    def get_runs(
        self,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """Yield the runs, newest first."""
        self._known()
        return Run.list(self, type, tags, properties, include_children=include_children)

    @staticmethod
    def list(
        workspace: Any,
        experiment_name: str | None = None,
        view_type: str = ViewType.ActiveOnly,
        tags: Any = None,
    ) -> list[Experiment]:
        """Return the experiments of a workspace, by name."""
        views = _VIEWS.get(view_type)
        if views is None:
            raise UserErrorException(
                f"`view_type` is {view_type!r}; one of {', '.join(_VIEWS)} is expected."
            )
        wanted = label_filter(tags, "tags")
        return [
            Experiment(workspace, one.name, _experiment_dto=one)
            for one in _named(workspace, experiment_name)
            if (one.archived_at is not None) in views and fits(one.tags, wanted)
        ]

    @staticmethod
    def delete(workspace: Any, experiment_id: str) -> None:
        """Delete an experiment for good, with its runs and what they left.

        Args:
            workspace: The workspace.
            experiment_id: The id, or the name.

        Raises:
            ExperimentExecutionException: There is none, or a run of it has not ended.
        """
        nouns_of(workspace).experiments.delete(experiment_id)

    def archive(self) -> None:
        """Put the experiment away; its runs stay."""
        self._change(archived=True)

    def reactivate(self, new_name: str | None = None) -> None:
        """Take the experiment back."""
        if new_name is not None:
            raise UserErrorException("`new_name`: experiments cannot be renamed.")
        self._change(archived=False)

    def refresh(self) -> None:
        """Look at the experiment again."""
        self._seen = self._nouns.experiments.ensure(self._name)

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Set tags; those that are not named stay."""
        self._change(tags={**self.tags, **text_pairs(tags, "tags")})

    def remove_tags(self, tags: Any) -> None:
        """Remove tags, given by their keys."""
        gone = label_filter(tags, "tags")
        self._change(tags={key: one for key, one in self.tags.items() if key not in gone})

    def get_portal_url(self) -> str:
        """Return the address of the page about the experiment."""
        return self._nouns.page(f"experiments/{self._name}")

    @property
    def portal_url(self) -> str:
        """The address of the page about the experiment."""
        return self.get_portal_url()

    @staticmethod
    def get_docs_url() -> str:
        """Return where v1 experiments are documented."""
        return _DOCS_URL

    def __repr__(self) -> str:
        return f"Experiment(Name: {self._name},\nWorkspace: {self._workspace.name})"

    def _repr_html_(self) -> str:
        link = (
            f'<a href="{html.escape(self.get_portal_url(), quote=True)}">Open the experiment</a>'
        )
        return (
            "<table><tr><th>Name</th><th>Workspace</th><th>Details Page</th></tr><tr>"
            f"<td>{html.escape(self._name)}</td><td>{html.escape(self._workspace.name)}</td>"
            f"<td>{link}</td></tr></table>"
        )

    def _known(self) -> ExperimentOut:
        self._seen = self._seen or self._nouns.experiments.ensure(self._name)
        return self._seen

    def _change(self, **changes: Any) -> None:
        self._known()
        self._seen = self._nouns.experiments.change(self._name, ExperimentChange(**changes))

    def _cheap_snapshot(self, folder: Any) -> str | None:
        if folder is None or not _is_cheap(Path(folder)):
            return None
        try:
            return self._nouns.snapshots.create(Path(folder)).id
        except (SnapshotException, OSError) as error:
            notice(f"the folder `{folder}` was not sent with the run: {error}")
            return None

    from_directory = staticmethod(unsupported("Experiment.from_directory"))


def _is_cheap(folder: Path) -> bool:
    files = size = 0
    for file in folder.rglob("*"):
        files += 1
        size += file.lstat().st_size
        if files > _CHEAP_FILES or size > _CHEAP_BYTES:
            return False
    return files > 0


def _named(workspace: Any, name: str | None) -> Iterable[ExperimentOut]:
    """Return every experiment, or the one of that name, if there is one, in one request."""
    nouns = nouns_of(workspace)
    if name is None:
        return nouns.experiments.list()
    found = nouns.experiments.find(name)
    return [] if found is None else [found]


class Experiments(Mapping):  # type: ignore[type-arg] # of Python 3.9, too
    """The active experiments of a workspace by name, asked for when they are looked at.

    Looking one up is one request; only walking over them lists them.
    """

    def __init__(self, workspace: Any) -> None:
        self._workspace = workspace

    def __getitem__(self, name: str) -> Experiment:
        found = Experiment.list(self._workspace, experiment_name=name)
        if not found:
            raise KeyError(name)
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in Experiment.list(self._workspace))

    def __len__(self) -> int:
        return len(Experiment.list(self._workspace))

    def items(self) -> ItemsView[str, Experiment]:
        """Return names and experiments, with one listing."""
        return self._every().items()

    def values(self) -> ValuesView[Experiment]:
        """Return the experiments, with one listing."""
        return self._every().values()

    def __repr__(self) -> str:
        return repr(self._every())

    def _every(self) -> dict[str, Experiment]:
        return {one.name: one for one in Experiment.list(self._workspace)}
