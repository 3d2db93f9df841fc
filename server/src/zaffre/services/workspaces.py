"""Use cases of workspaces."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class WorkspaceService:
    """Use cases of workspaces, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
