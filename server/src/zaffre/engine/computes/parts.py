"""What the loop of instances is given."""

from dataclasses import dataclass
from pathlib import Path

from zaffre.base.clock import Clock
from zaffre.ports.builders import EnvironmentBuilder
from zaffre.ports.data_files import DataFilesOf
from zaffre.ports.instances import Instances
from zaffre.services.instances import InstanceTable
from zaffre.services.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceParts:
    """The world of instances.

    Attributes:
        home: Of the server; programs in an instance find the server there.
        url: Where browsers reach the server, without a slash at the end.
        table: What the door of instances reads.
        poll: How often to look without being told, in seconds.
    """

    work: Work
    builder: EnvironmentBuilder
    instances: Instances
    data_files: DataFilesOf
    table: InstanceTable
    clock: Clock
    home: Path
    url: str
    poll: float = 5.0
