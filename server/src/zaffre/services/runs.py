"""Use cases of runs."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class RunService:
    """Use cases of runs, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
