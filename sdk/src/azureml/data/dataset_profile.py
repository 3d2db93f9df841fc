"""What is known of the columns of a table: counts, types, quantiles, histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.exceptions import AzureMLException

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DatasetProfile"]

_ABSENT = "Unable to fetch profile results. Please submit a new profile run."


class DatasetProfile:
    """The measures of a table's columns.

    Example:
        >>> profile = table.get_profile()
        >>> profile.row_count, profile.columns["age"].mean

    Args:
        saved_dataset_id: The dataset; None for one that is not kept.
        run_id: The run that measured it; None when this process did.
        experiment_name: The experiment of the run.
        workspace: The workspace.
        profile: What was measured.
    """

    def __init__(
        self,
        saved_dataset_id: str | None,
        run_id: str | None,
        experiment_name: str | None,
        workspace: Any,
        profile: Any,
    ) -> None:
        if profile is None:
            raise AzureMLException(_ABSENT)
        self._dataset_id = saved_dataset_id
        self._run_id = run_id
        self._experiment_name = experiment_name
        self._workspace = workspace
        self._profile = profile

    @property
    def columns(self) -> Mapping[str, Any]:
        """The measures of each column, by its name."""
        columns: Mapping[str, Any] = self._profile.columns
        return columns

    @property
    def row_count(self) -> int:
        """How many records there are."""
        return int(self._profile.row_count)

    def get_producing_run(self) -> Any:
        """Return the run that measured.

        Raises:
            AzureMLException: No run did: this process measured by itself.
        """
        if self._run_id is None:
            raise AzureMLException(
                "No run measured this profile: `get_profile` did it here.\n"
                "`submit_profile_run` measures in a run."
            )
        return _late.find("azureml.core.run", "Run").get(self._workspace, self._run_id)

    def is_stale(self) -> bool:
        """Tell whether a file of the dataset has changed since it was measured."""
        if self._dataset_id is None or self._workspace is None:
            raise AzureMLException(
                "Whether the files have changed since is known of datasets that are kept.\n"
                "`register` the dataset, or measure it with `submit_profile_run`."
            )
        abstract = _late.find("azureml.data.abstract_dataset", "AbstractDataset")
        changed = abstract.get_by_id(self._workspace, self._dataset_id).data_changed_time
        return changed is not None and changed.timestamp() > self._profile.measured_at

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._profile, name)

    def __repr__(self) -> str:
        return repr(self._profile)

    def _repr_html_(self) -> str:
        words: str = self._profile._repr_html_()
        return words
