"""Use cases of models."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class ModelService:
    """Use cases of models, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
