"""Use cases of attempts."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class AttemptService:
    """Use cases of attempts, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
