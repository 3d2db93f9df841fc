"""Runs that measure the columns of a table."""

from __future__ import annotations

from typing import Any

from azureml.core.run import Run
from azureml.data import _profiling

__all__ = ["DatasetProfileRun"]


class DatasetProfileRun(Run):
    """A run that measures a table.

    Args:
        workspace: The workspace.
        dataset: The table.
        run: The run.

    Attributes:
        workspace: The workspace.
        dataset: The table.
        run: The run.
    """

    def __init__(self, workspace: Any, dataset: Any, run: Any) -> None:
        super().__init__(run.experiment, run.id)
        self.workspace = workspace
        self.dataset = dataset
        self.run = run

    def get_profile(self) -> Any:
        """Return what the run measured."""
        return _profiling.of_run(self.dataset, self.run, workspace=self.workspace)
