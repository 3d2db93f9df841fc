"""The stores behind deletion for good; see `ports.stores` for what holds for all stores."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from zaffre.domain.removals import Removal, Removed, Slice


class RemovalStore(Protocol):
    """What is being removed, and the removal of one slice at a time.

    A slice takes about as many rows as it is told to, so that other writers wait for moments
    only. Bytes that lose a name are noted as doomed in the same transaction. Interrupted
    anywhere, a removal can go on by asking for the next slice.
    """

    def add(self, removal: Removal) -> None:
        """Note that something is being removed; noting it again changes nothing."""

    def list(self, *, limit: int) -> list[Removal]:
        """Return what is being removed, oldest first."""

    def done(self, removal: Removal) -> None:
        """Forget it: nothing of it is left."""

    def runs_of(self, workspace_id: str, experiment_id: str, *, limit: int) -> Sequence[str]:
        """Return the ids of runs of an experiment."""

    def take_run(self, workspace_id: str, run_id: str, *, rows: int) -> Slice:
        """Remove a slice of a run, and the run itself when nothing else of it is left.

        Registered models keep the files that they took from it. Its snapshot is given up when
        no other run and no endpoint uses it.
        """

    def take_experiment(self, workspace_id: str, experiment_id: str, *, rows: int) -> bool:
        """Remove a slice of an experiment that has no runs; tell whether it is gone."""

    def take_snapshot(self, workspace_id: str, snapshot_id: str, *, rows: int) -> bool:
        """Remove a slice of a snapshot that was given up; tell whether it is gone."""

    def foresee(self, workspace_id: str, run_ids: Sequence[str]) -> Removed:
        """Return what the removal of these runs would remove.

        Bytes are those of artifacts that nothing but these runs names.
        """


class DoomedStore(Protocol):
    """Bytes that lost a name, and which of them have none left."""

    def add(self, digests: Iterable[tuple[str, int]]) -> None:
        """Note bytes that nothing may name any more, with their sizes."""

    def list(self, *, limit: int, after: str = "") -> list[str]:
        """Return digests in order, those behind `after`."""

    def give_up(self, digests: Sequence[str]) -> Sequence[str]:
        """Return those that nothing names, which no workspace may name from now on either.

        Those that something names are settled, and of the others the database has no bytes.
        """

    def settle(self, digests: Sequence[str]) -> None:
        """Forget the notes: the bytes have a name, or are gone."""

    def unnamed_bytes(self) -> int:
        """Return how many bytes are noted that nothing names."""
