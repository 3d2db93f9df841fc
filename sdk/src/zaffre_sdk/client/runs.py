"""The runs of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypedDict, cast

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Query, Transport
from zaffre_sdk.wire.deletions import DeletionOut
from zaffre_sdk.wire.runs import (
    BeatsIn,
    BeatsOut,
    RunChange,
    RunEnd,
    RunError,
    RunIn,
    RunList,
    RunOut,
)

if TYPE_CHECKING:
    from typing import Unpack  # newer than the oldest Python that this runs on

_WAIT_SECONDS = 20.0


class RunFilter(TypedDict, total=False):
    """Which runs to list; what is left out does not narrow.

    Attributes:
        below: Runs below that run, at any depth.
        top: `true` for runs without a parent.
        state: States, separated by commas.
        tag: `k` or `k=v`, separated by commas; all must fit.
        property: As `tag`.
        limit: Runs in a page, not altogether.
    """

    experiment: str
    parent: str
    below: str
    top: str
    state: str
    tag: str
    property: str
    limit: int


_DELETE_SECONDS = 3600.0


class Runs:
    """Create, read and end runs."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/runs"
        self._beats = f"{root}/beats"

    def create(self, run: RunIn) -> RunOut:
        """Create a run: an interactive one is running then, a script is queued."""
        return self._transport.call("POST", self._root, answer=RunOut, body=run)

    def get(self, run_id: str) -> RunOut:
        """Return a run as it is now.

        Raises:
            NotFoundError: There is none.
        """
        return self._transport.call("GET", self._path(run_id), answer=RunOut)

    def list(self, **filters: Unpack[RunFilter]) -> Iterator[RunOut]:
        """Yield the runs that fit, newest first."""
        for page in self._transport.pages(
            self._root, answer=RunList, query=cast("Query", filters)
        ):
            yield from page.value

    def change(self, run_id: str, change: RunChange) -> RunOut:
        """Change what is given; leave the rest."""
        return self._transport.call("PATCH", self._path(run_id), answer=RunOut, body=change)

    def cancel(self, run_id: str) -> RunOut:
        """Ask for the end of a run; twice is as good as once.

        Raises:
            ConflictError: It ended by itself before.
        """
        return self._transport.call("POST", f"{self._path(run_id)}/cancel", answer=RunOut)

    def end(self, run_id: str, state: str, *, error: RunError | None = None) -> RunOut:
        """Say that the program which drives a run ended: `Completed`, `Failed` or `Canceled`."""
        return self._transport.call(
            "POST",
            f"{self._path(run_id)}/end",
            answer=RunOut,
            body=RunEnd(state=state, error=error),
        )

    def beat(self, run_ids: Sequence[str]) -> Sequence[str]:
        """Say that the program of these runs lives; return those that need no more beats."""
        beats = BeatsIn(runs=list(run_ids))
        return self._transport.call(
            "POST", self._beats, answer=BeatsOut, body=beats, patience=0.0
        ).ended

    def delete(self, run_id: str, *, children: bool = False, dry_run: bool = False) -> DeletionOut:
        """Delete a run for good with what it left, and with `children` the runs below it.

        With `dry_run` nothing is deleted, and the answer says what would be.

        Raises:
            ConflictError: It has not ended, or has runs below it that are not to go along.
        """
        return self._transport.call(
            "DELETE",
            self._path(run_id),
            answer=DeletionOut,
            query={"children": children or None, "dry_run": dry_run or None},
            seconds=_DELETE_SECONDS,
        )

    def wait(
        self,
        run_id: str,
        *,
        state: str | None = None,
        seconds: float = _WAIT_SECONDS,
        patience: float | None = None,
    ) -> RunOut:
        """Return the run once it is in another state than `state`, or after `seconds`.

        Returns at once when the run has ended.

        Args:
            run_id: The run.
            state: What is known; None returns at once.
            seconds: How long to wait.
            patience: How many seconds to try again while the server is away.
        """
        return self._transport.call(
            "GET",
            f"{self._path(run_id)}/wait",
            answer=RunOut,
            query={"seconds": seconds, "state": state},
            seconds=seconds,
            patience=patience,
        )

    def _path(self, run_id: str) -> str:
        return f"{self._root}/{quoted(run_id)}"
