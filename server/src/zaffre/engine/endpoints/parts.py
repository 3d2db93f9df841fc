"""What the keepers of endpoints are given."""

from dataclasses import dataclass, field
from pathlib import Path

from zaffre.base.clock import Clock
from zaffre.ports.blobs import Blobs
from zaffre.ports.builders import EnvironmentBuilder
from zaffre.ports.listeners import Listeners
from zaffre.ports.logs import LogStore
from zaffre.ports.replicas import ReplicaStarter
from zaffre.services.scoring import ScoringTable
from zaffre.services.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLimits:
    """Times in seconds, as arguments so that tests need not wait.

    Attributes:
        start: How long `init` may take.
        stable: A replica that lived this long did not die of its start.
        longest_pause: The longest pause before a replica is started again.
        crashes: After so many deaths one after the other the endpoint is Unhealthy.
        poll: How often to look without being told.
    """

    start: float = 300.0
    stable: float = 30.0
    longest_pause: float = 30.0
    crashes: int = 3
    poll: float = 2.0

    def pause(self, deaths: int) -> float:
        """Return how long to wait before the next start: the first one follows at once."""
        return 0.0 if deaths <= 1 else min(2.0 ** (deaths - 2), self.longest_pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointParts:
    """The world of a keeper.

    Attributes:
        folder: Holds `<endpoint>/<generation>/` of each deployment.
        table: What the scoring door reads.
    """

    work: Work
    builder: EnvironmentBuilder
    blobs: Blobs
    logs: LogStore
    replicas: ReplicaStarter
    listeners: Listeners
    table: ScoringTable
    folder: Path
    clock: Clock
    limits: EndpointLimits = field(default_factory=EndpointLimits)
