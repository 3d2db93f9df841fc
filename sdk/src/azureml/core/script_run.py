"""Runs of scripts that were submitted."""

from __future__ import annotations

from typing import Any

from azureml.core.run import Run

__all__ = ["ScriptRun"]


class ScriptRun(Run):
    """A run of a script.

    Args:
        experiment: The experiment that it belongs to.
        run_id: Its id.
        directory: The folder that it was submitted from.
        _run_config: What it was submitted with.
    """

    RUN_TYPE = "azureml.scriptrun"

    def __init__(
        self,
        experiment: Any,
        run_id: str,
        directory: str | None = None,
        _run_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(experiment, run_id, **kwargs)
        self.source_directory = directory
        self._run_config = _run_config
