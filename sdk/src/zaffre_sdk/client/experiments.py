"""The experiments of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.errors import NotFoundError
from zaffre_sdk.wire.deletions import DeletionOut
from zaffre_sdk.wire.experiments import (
    ExperimentChange,
    ExperimentIn,
    ExperimentList,
    ExperimentOut,
)

_DELETE_SECONDS = 3600.0


class Experiments:
    """Create, read and change experiments."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/experiments"

    def ensure(self, name: str, *, tags: Mapping[str, str] | None = None) -> ExperimentOut:
        """Return the experiment of this name; create it when there is none."""
        return self._transport.call(
            "POST",
            self._root,
            answer=ExperimentOut,
            body=ExperimentIn(name=name, tags=dict(tags or {})),
        )

    def get(self, name: str) -> ExperimentOut:
        """Return an experiment, given by its name or its id.

        Raises:
            NotFoundError: There is none.
        """
        if _fits_address(name):
            return self._transport.call("GET", self._path(name), answer=ExperimentOut)
        found = self.find(name)
        if found is None:
            raise NotFoundError(
                "ExperimentNotFound",
                f"There is no experiment `{name}` here.",
                target="experiment",
                status=404,
                hint="Check the spelling, and the workspace that the experiment is in.",
            )
        return found

    def find(self, name: str) -> ExperimentOut | None:
        """Return the experiment of this name, never one of this id; None when there is none."""
        found = self._transport.call(
            "GET", self._root, answer=ExperimentList, query={"name": name}
        )
        return next(iter(found.value), None)

    def list(self) -> Iterator[ExperimentOut]:
        """Yield every experiment, by name."""
        for page in self._transport.pages(self._root, answer=ExperimentList):
            yield from page.value

    def change(self, name: str, change: ExperimentChange) -> ExperimentOut:
        """Change what is given; leave the rest."""
        return self._transport.call("PATCH", self._path(name), answer=ExperimentOut, body=change)

    def delete(self, name: str, *, dry_run: bool = False) -> DeletionOut:
        """Delete an experiment for good, given by name or id, with everything in it.

        With `dry_run` nothing is deleted, and the answer says what would be.
        """
        return self._transport.call(
            "DELETE",
            self._path(name),
            answer=DeletionOut,
            query={"dry_run": dry_run or None},
            seconds=_DELETE_SECONDS,
        )

    def _path(self, name: str) -> str:
        """Return the address of an experiment: by its id, when its name fits into none."""
        word = name if _fits_address(name) else self.get(name).id
        return f"{self._root}/{quoted(word)}"


def _fits_address(name: str) -> bool:
    return "/" not in name and "\\" not in name and name not in {".", ".."}
