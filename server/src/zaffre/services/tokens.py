"""Use cases of tokens."""

from zaffre.ports.stores import Stores
from zaffre.services.context import Context


class TokenService:
    """Use cases of tokens, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
