"""What the doors are given by app.py, once, for all requests."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from zaffre_sdk.wire.server import ServerOut

from zaffre.base.clock import Clock
from zaffre.ports.blobs import Blobs
from zaffre.ports.data_files import DataFilesOf
from zaffre.ports.logs import LogStore
from zaffre.ports.queries import Queries
from zaffre.protocols.http.changes import Changes
from zaffre.services.beats import Beats
from zaffre.services.data_access import DataAccess
from zaffre.services.dataset_marks import DatasetMarks
from zaffre.services.environment_pruning import EnvironmentPruner
from zaffre.services.eraser import Eraser
from zaffre.services.programs import Programs
from zaffre.services.work import Services, Work

T = TypeVar("T")


def _nothing(_digest: str) -> None:
    """Find nothing, where nothing is sent to runners elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class House:
    """Everything behind the doors.

    Attributes:
        data_files: Opens the files of datastores.
        data_access: Opens them for callers.
        queries: Asks databases.
        eraser: Deletes for good.
        pruner: Removes built environments that nothing uses.
        beats: When runners were last heard of.
        programs: When the programs of interactive runs were.
        changes: Wakes long polls.
        server: What the server says of itself.
        paging_key: Seals continuation tokens; one made of the home's secret outlives a restart.
        url: Where clients reach this server, without a slash at the end; links begin with it.
        parcels: Finds what the server sends to runners elsewhere, by digest.
        is_behind_proxy: Callers that seem to be on this machine may be elsewhere.
    """

    work: Work
    blobs: Blobs
    logs: LogStore
    data_files: DataFilesOf
    data_access: DataAccess
    queries: Queries
    eraser: Eraser
    pruner: EnvironmentPruner
    beats: Beats
    programs: Programs
    changes: Changes
    clock: Clock
    server: ServerOut
    url: str
    parcels: Callable[[str], Path | None] = _nothing
    is_behind_proxy: bool = False
    paging_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def dataset_marks(self) -> DatasetMarks:
        """Looks at the files of datasets."""
        return DatasetMarks(self.work, self.data_files)


class HouseCall:
    """One request: what the house offers to the handlers of every door."""

    __slots__ = ("house",)

    def __init__(self, house: House) -> None:
        self.house = house

    @property
    def blobs(self) -> Blobs:
        """Bytes by their content."""
        return self.house.blobs

    async def read(self, use: Callable[[Services], T]) -> T:
        """Run a use case that only reads."""
        return await self.house.work.read(use)

    async def write(self, use: Callable[[Services], T]) -> T:
        """Run a use case that may write; durable when it returns."""
        return await self.house.work.write(use)
