"""The secrets of a workspace."""

from __future__ import annotations

from collections.abc import Sequence

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.errors import NotFoundError
from zaffre_sdk.wire.secrets import SecretIn, SecretList, SecretOut, SecretValueOut


class Secrets:
    """Set, read and delete secrets."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/secrets"

    def set(self, name: str, value: str, *, content_type: str = "") -> SecretOut:
        """Keep a value under a name, in place of what was there."""
        body = SecretIn(value=value, content_type=content_type)
        return self._transport.call("PUT", self._path(name), answer=SecretOut, body=body)

    def get(self, name: str) -> SecretValueOut:
        """Return a secret with its value.

        Raises:
            NotFoundError: There is none of that name.
        """
        return self._transport.call("GET", self._path(name), answer=SecretValueOut)

    def find(self, name: str) -> SecretValueOut | None:
        """Return a secret with its value, or None when there is none of that name."""
        try:
            return self.get(name)
        except NotFoundError:
            return None

    def list(self) -> Sequence[SecretOut]:
        """Return the secrets by name, without their values."""
        return self._transport.call("GET", self._root, answer=SecretList).value

    def delete(self, name: str) -> None:
        """Remove a secret; removing one that is not there changes nothing."""
        self._transport.delete(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{quoted(name)}"
