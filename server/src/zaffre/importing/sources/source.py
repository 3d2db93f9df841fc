"""What every reader of a store can do."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from zaffre.importing import entities


class Source(Protocol):
    """A store of MLflow; nothing is ever written to it.

    `run`, `points` and the methods for files are called from several threads. What cannot be
    read raises `BrokenThingError`; files that are elsewhere raise `OutOfReachError`.
    """

    def experiments(self) -> Iterable[entities.Experiment]:
        """Return every experiment, the deleted ones too."""

    def runs(self, experiment: entities.Experiment) -> Iterable[entities.RunRef]:
        """Return the runs of an experiment, the deleted ones too; those that began first first."""

    def run(self, ref: entities.RunRef) -> entities.Run:
        """Return a run."""

    def points(self, run: entities.Run) -> Iterator[entities.Point]:
        """Yield what a run measured, each metric in the same order every time."""

    def run_files(self, run: entities.Run) -> Iterator[entities.File]:
        """Yield the files of a run."""

    def logged_models(self, experiment: entities.Experiment) -> Iterable[entities.LoggedModel]:
        """Return the logged models of an experiment."""

    def logged_model_files(self, model: entities.LoggedModel) -> Iterator[entities.File]:
        """Yield the files of a logged model."""

    def registered_models(self) -> Iterable[entities.RegisteredModel]:
        """Return every registered model and every prompt."""

    def version_files(self, version: entities.Version) -> Iterator[entities.File]:
        """Yield the files of a version; none for a prompt."""

    def traces(self, experiment: entities.Experiment) -> Iterable[entities.Trace]:
        """Return the traces of an experiment."""

    def close(self) -> None:
        """Let go of what is open."""
