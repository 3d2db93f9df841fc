"""What every part of a run needs: which run it is, and how to ask for it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from azureml.core._nouns import Nouns, nouns_of
from azureml.core._run_filters import label_filter, type_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.runs import RunChange, RunOut

DOCS_URL = "https://learn.microsoft.com/python/api/azureml-core/azureml.core.Run"


class RunBase:
    """A run of an experiment.

    Args:
        experiment: The experiment that it belongs to.
        run_id: Its id.
        outputs: A folder that `complete` uploads.
    """

    RUN_TYPE: str | None = None
    DELIM = "_"
    TID_FMT = "aml_{}"
    WORKSPACE_FMT = "azureml://subscriptions/{}/resourceGroups/{}/workspaces/{}"
    EXPERIMENT_ID_PATH = "experimentids/{}"
    EXPERIMENT_NAME_PATH = "experiments/{}"
    RUN_PATH = "experiments/{}/runs/{}"

    def __init__(
        self, experiment: Any, run_id: str, outputs: str | None = None, **kwargs: Any
    ) -> None:
        if not isinstance(run_id, str) or not run_id:
            raise UserErrorException(f"`run_id` must be the id of a run, not {run_id!r}.")
        self._experiment = experiment
        self._run_id = run_id
        self._outputs = outputs
        self._nouns: Nouns = nouns_of(experiment.workspace)
        self._seen: RunOut | None = kwargs.get("_seen")

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._run_id

    @property
    def identity(self) -> str:
        """What it is, in one line."""
        return f"Run {self._run_id}"

    @property
    def experiment(self) -> Any:
        """The experiment that the run belongs to."""
        return self._experiment

    @property
    def name(self) -> str:
        """What people call the run."""
        return self._fresh().display_name

    @property
    def display_name(self) -> str:
        """What people call the run."""
        return self.name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._change(display_name=name)

    @property
    def description(self) -> str:
        """What people say about the run."""
        return self._fresh().description

    @description.setter
    def description(self, description: str) -> None:
        self._change(description=description)

    @property
    def number(self) -> int:
        """The number of the run in its experiment, from 1."""
        return self._known().number

    @property
    def type(self) -> str | None:
        """The kind of run: `azureml.scriptrun`, or None for one that its program drives."""
        return type_of(self._known())

    @property
    def status(self) -> str:
        """The state of the run when it was last looked at."""
        return self._known().state

    @property
    def properties(self) -> dict[str, str]:
        """The properties, which are never changed once set."""
        run = self._fresh()
        snapshot = run.spec.snapshot_id
        extra = {"ContentSnapshotId": snapshot} if snapshot else {}
        return {**extra, **run.properties}

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return self._fresh().tags

    def get_status(self) -> str:
        """Return the state of the run."""
        return self._fresh().state

    def get_properties(self) -> dict[str, str]:
        """Return the properties."""
        return self.properties

    def get_tags(self) -> dict[str, str]:
        """Return the tags."""
        return self.tags

    def get_portal_url(self) -> str:
        """Return the address of the page about the run."""
        return self._nouns.page(f"runs/{self._run_id}")

    @property
    def portal_url(self) -> str:
        """The address of the page about the run."""
        return self.get_portal_url()

    @classmethod
    def get_docs_url(cls) -> str:
        """Return where v1 runs are documented."""
        return DOCS_URL

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self.set_tags({key: "" if value is None else value})

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Set tags; those that are not named stay."""
        self._change(tags=text_pairs(tags, "tags"))

    def remove_tags(self, tags: Any) -> dict[str, str]:
        """Remove tags, given by their keys, and return what is left."""
        return self._change(tags=dict.fromkeys(label_filter(tags, "tags"))).tags

    def add_properties(self, properties: dict[str, Any]) -> None:
        """Add properties; what was set before cannot be changed."""
        self._change(properties=text_pairs(properties, "properties"))

    def __repr__(self) -> str:
        run = self._known()
        return (
            f"Run(Experiment: {run.experiment},\nId: {run.id},\n"
            f"Type: {self.type},\nStatus: {run.state})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunBase) and self._run_id == other._run_id

    def __hash__(self) -> int:
        return hash(self._run_id)

    def _fresh(self) -> RunOut:
        self._seen = self._nouns.runs.get(self._run_id)
        return self._seen

    def _known(self) -> RunOut:
        return self._seen or self._fresh()

    def _change(self, **changes: Any) -> RunOut:
        self._seen = self._nouns.runs.change(self._run_id, RunChange(**changes))
        return self._seen


def text_pairs(pairs: Any, argument: str) -> dict[str, str]:
    """Return `pairs` with every value as text, as v1 stores them.

    Raises:
        UserErrorException: It is not a dictionary.
    """
    if pairs is None:
        return {}
    if not isinstance(pairs, dict):
        raise UserErrorException(
            f"`{argument}` must be a dictionary, not {pairs!r} ({type(pairs).__name__})."
        )
    return {str(key): "" if value is None else str(value) for key, value in pairs.items()}


def utc(moment: float) -> datetime:
    """Return seconds since the epoch as the time that objects of v1 have."""
    return datetime.fromtimestamp(moment, timezone.utc)


def iso(moment: float | None) -> str | None:
    """Return seconds since the epoch as v1 writes times."""
    return None if moment is None else utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
