"""Use cases of snapshots."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class SnapshotService:
    """Use cases of snapshots, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
