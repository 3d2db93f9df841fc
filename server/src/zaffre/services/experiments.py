"""Use cases of experiments."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class ExperimentService:
    """Use cases of experiments, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
