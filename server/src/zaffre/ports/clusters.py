"""Clusters of other schedulers, as their targets see them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from zaffre.domain.computes import Compute, ComputeError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTarget:
    """A target whose runs another scheduler places.

    Attributes:
        is_idle: No run executes there.
        attempts: What executes there: runs, and the numbers of their attempts.
    """

    compute: Compute
    credential: dict[str, str] = field(repr=False)
    is_idle: bool
    attempts: frozenset[tuple[str, int]] = frozenset()


class Clusters(Protocol):
    """Looks after clusters: reaches those that are named, keeps those of our own running."""

    async def look(self, target: ClusterTarget) -> ComputeError | None:
        """Return why runs cannot be sent there now; None when they can.

        A cluster of our own that does not run is started first, which takes its time.
        """

    async def keep_only(self, computes: Collection[Compute]) -> None:
        """End the clusters of our own that belong to none of these targets."""

    def close(self) -> None:
        """Give up what is being started; the clusters that run go on."""
