"""What the doors are given by app.py, once, for all requests."""

from dataclasses import dataclass

from zaffre.base.clock import Clock
from zaffre.ports.blobs import Blobs
from zaffre.ports.logs import LogStore
from zaffre.protocols.http.changes import Changes
from zaffre.services.work import Work
from zaffre_sdk.wire.server import ServerOut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class House:
    """Everything behind the doors.

    Attributes:
        changes: Wakes long polls.
        server: What the server says of itself.
        url: Where clients reach this server, without a slash at the end; links begin with it.
    """

    work: Work
    blobs: Blobs
    logs: LogStore
    changes: Changes
    clock: Clock
    server: ServerOut
    url: str
