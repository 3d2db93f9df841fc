"""The keys of endpoints: sealed where they lie, plain for those who may see them."""

import base64
from typing import Final

from zaffre.domain.endpoints import Endpoint
from zaffre.domain.errors import PreconditionError
from zaffre.ports.stores import Stores
from zaffre.services.context import Context
from zaffre.services.deployments import check_key

_KEY_PREFIX: Final = "zsk"
# No key has a space, so that what an older zaffre kept as it was is told apart.
_SEALED: Final = "sealed "


class EndpointKeys:
    """Both keys of an endpoint, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def made(self, chosen: str | None) -> str:
        """Return the key that a caller chose, or a fresh one.

        Raises:
            InvalidError: `InvalidKey`.
        """
        return self._context.new_secret(_KEY_PREFIX) if chosen is None else check_key(chosen)

    def sealed(self, endpoint_id: str, keys: tuple[str, str]) -> tuple[str, str]:
        """Return the keys as the store keeps them."""
        primary, secondary = (self._seal(endpoint_id, key) for key in keys)
        return primary, secondary

    def of(self, endpoint: Endpoint) -> tuple[str, str]:
        """Return the primary and the secondary key.

        Raises:
            PreconditionError: `SecretUnreadable`.
        """
        primary, secondary = (
            self._open(endpoint.id, stored) for stored in self._stores.endpoints.keys(endpoint)
        )
        return primary, secondary

    def of_or_none_known(self, endpoint: Endpoint) -> tuple[str, str]:
        """Return the keys, or in place of unreadable ones such that nobody knows.

        The other endpoints, and new keys for this one, must not depend on lost ones.
        """
        try:
            return self.of(endpoint)
        except PreconditionError:
            return self.made(None), self.made(None)

    def replace(self, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        """Keep other keys."""
        self._stores.endpoints.set_keys(endpoint, self.sealed(endpoint.id, keys))

    def seal_plain(self, endpoint: Endpoint) -> None:
        """Seal what an older zaffre kept as it was."""
        stored = self._stores.endpoints.keys(endpoint)
        if not any(key.startswith(_SEALED) for key in stored):
            self.replace(endpoint, self.of(endpoint))

    def _seal(self, endpoint_id: str, key: str) -> str:
        sealed = self._context.vault.seal(key.encode(), purpose=_purpose(endpoint_id))
        return _SEALED + base64.b64encode(sealed).decode()

    def _open(self, endpoint_id: str, stored: str) -> str:
        if not stored.startswith(_SEALED):
            return stored
        sealed = base64.b64decode(stored.removeprefix(_SEALED))
        return self._context.vault.open(sealed, purpose=_purpose(endpoint_id)).decode()


def _purpose(endpoint_id: str) -> str:
    return f"endpoint keys {endpoint_id}"
