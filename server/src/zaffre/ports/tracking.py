"""The stores of what MLflow programs log besides metrics, and of searches.

The contract of `ports.stores` holds here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from zaffre.domain.inputs import ReadDataset, RunInput
from zaffre.domain.runs import Run
from zaffre.domain.search import Place, RunSearch


class ParamStore(Protocol):
    """Params of runs: text by name, written once."""

    def add(self, run: Run, params: Mapping[str, str]) -> dict[str, str]:
        """Add those whose names are new; return what the run has under all of these names."""

    def of(self, workspace_id: str, run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the params of many runs, by name; runs without any are left out."""


class InputStore(Protocol):
    """What runs read."""

    def add(self, run: Run, inputs: Iterable[RunInput]) -> None:
        """Add those that are new to the run; by kind, name and digest."""

    def of(self, workspace_id: str, run_ids: Sequence[str]) -> dict[str, list[RunInput]]:
        """Return the inputs of many runs, in order of arrival; runs without are left out."""

    def datasets(
        self, workspace_id: str, experiment_ids: Sequence[str], *, limit: int
    ) -> list[ReadDataset]:
        """Return the datasets that runs of these experiments read, each but once."""


class RunSearchStore(Protocol):
    """Finds runs."""

    def search(
        self, workspace_id: str, search: RunSearch, *, limit: int, place: Place
    ) -> list[Run]:
        """Return the runs that meet every condition, from `place` on."""
