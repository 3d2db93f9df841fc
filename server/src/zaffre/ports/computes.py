"""The store of compute targets; see `ports.stores` for what holds for all stores."""

from typing import Protocol

from zaffre.domain.computes import Compute


class ComputeStore(Protocol):
    """Compute targets by name; their credentials were encrypted before.

    The one that is always there, `local`, is not among them.
    """

    def put(self, compute: Compute) -> None:
        """Add it, or replace the one of its name."""

    def find(self, workspace_id: str, name: str) -> Compute | None:
        """Return the target of that name."""

    def executing(self) -> list[Compute]:
        """Return those of every workspace where runs may execute."""

    def list(self, workspace_id: str) -> list[Compute]:
        """Return all, by name."""

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove the target of that name, if there is one."""
