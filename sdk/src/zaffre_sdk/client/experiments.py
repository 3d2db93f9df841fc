"""The experiments of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.experiments import (
    ExperimentChange,
    ExperimentIn,
    ExperimentList,
    ExperimentOut,
)


class Experiments:
    """Create, read and change experiments."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/experiments"

    def ensure(self, name: str, *, tags: Mapping[str, str] | None = None) -> ExperimentOut:
        """Return the experiment of this name; create it when there is none."""
        return self._transport.call(
            "PUT",
            self._path(name),
            answer=ExperimentOut,
            body=ExperimentIn(name=name, tags=dict(tags or {})),
        )

    def get(self, name: str) -> ExperimentOut:
        """Return an experiment.

        Raises:
            NotFoundError: There is none.
        """
        return self._transport.call("GET", self._path(name), answer=ExperimentOut)

    def list(self) -> Iterator[ExperimentOut]:
        """Yield every experiment, by name."""
        for page in self._transport.pages(self._root, answer=ExperimentList):
            yield from page.value

    def change(self, name: str, change: ExperimentChange) -> ExperimentOut:
        """Change what is given; leave the rest."""
        return self._transport.call("PATCH", self._path(name), answer=ExperimentOut, body=change)

    def _path(self, name: str) -> str:
        return f"{self._root}/{quoted(name)}"
