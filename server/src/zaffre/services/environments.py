"""Use cases of environments."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class EnvironmentService:
    """Use cases of environments, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
