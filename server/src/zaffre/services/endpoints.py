"""Use cases of endpoints."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class EndpointService:
    """Use cases of endpoints, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
