"""Use cases of artifacts."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class ArtifactService:
    """Use cases of artifacts, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
