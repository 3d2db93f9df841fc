"""Use cases of metrics."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class MetricService:
    """Use cases of metrics, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
