"""Actions on datasets of the oldest API: measuring one is a run now."""

from __future__ import annotations

from typing import Any

from azureml.core import _late
from azureml.exceptions import UserErrorException

__all__ = ["DatasetActionRun"]


class DatasetActionRun:
    """The run that measures a dataset, under the name of the oldest API.

    Args:
        workspace: The workspace.
        dataset_id: The dataset.
        action_id: The run.
        action_request_dto: Accepted.
    """

    def __init__(
        self,
        workspace: Any = None,
        dataset_id: str | None = None,
        action_id: str | None = None,
        action_request_dto: Any = None,
    ) -> None:
        if workspace is None or dataset_id is None or action_id is None:
            raise UserErrorException(
                "`workspace`, `dataset_id` and `action_id` say which run it is.\n"
                "`dataset.submit_profile_run` starts one."
            )
        self._workspace = workspace
        self._dataset_id = dataset_id
        self._run_id = action_id

    def wait_for_completion(
        self, show_output: bool = True, status_update_frequency: int = 10
    ) -> None:
        """Wait until the run has ended.

        Args:
            show_output: Print the logs as they appear.
            status_update_frequency: Accepted: changes are told when they happen.
        """
        run = _late.find("azureml.core.run", "Run").get(self._workspace, self._run_id)
        run.wait_for_completion(show_output=show_output)

    def get_result(self) -> Any:
        """Return what was measured."""
        abstract = _late.find("azureml.data.abstract_dataset", "AbstractDataset")
        return abstract.get_by_id(self._workspace, self._dataset_id).get_profile()
