"""The environments that a workspace knows by name."""

from __future__ import annotations

from collections.abc import Sequence

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.environments import EnvironmentIn, EnvironmentList, EnvironmentOut


class Environments:
    """Register and read environments."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/environments"

    def register(self, environment: EnvironmentIn) -> EnvironmentOut:
        """Register a version; an equal definition answers the version that it has."""
        return self._transport.call("POST", self._root, answer=EnvironmentOut, body=environment)

    def list(self) -> Sequence[EnvironmentOut]:
        """Return the newest version of each environment, by name."""
        return self._transport.call("GET", self._root, answer=EnvironmentList).value

    def get(self, name: str, *, version: str | None = None) -> EnvironmentOut:
        """Return a version of an environment, the newest by default.

        Raises:
            NotFoundError: There is none.
        """
        path = f"{self._root}/{quoted(name)}"
        return self._transport.call("GET", path, answer=EnvironmentOut, query={"version": version})
