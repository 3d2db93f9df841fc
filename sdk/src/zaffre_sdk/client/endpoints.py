"""The endpoints of a workspace."""

from __future__ import annotations

from collections.abc import Sequence

from zaffre_sdk.client.logs import LogPart, log_part
from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Request, Transport
from zaffre_sdk.wire.endpoints import (
    EndpointChange,
    EndpointIn,
    EndpointList,
    EndpointOut,
    KeyIn,
    KeysOut,
    TokenOut,
)


class Endpoints:
    """Deploy models and look after what answers."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/endpoints"

    def create(self, endpoint: EndpointIn) -> EndpointOut:
        """Create an endpoint; it answers once its state is `Healthy`.

        Raises:
            ConflictError: The name is taken, and `overwrite` is not set.
        """
        return self._transport.call("POST", self._root, answer=EndpointOut, body=endpoint)

    def get(self, name: str) -> EndpointOut:
        """Return an endpoint as it is now.

        Raises:
            NotFoundError: There is none.
        """
        return self._transport.call("GET", self._path(name), answer=EndpointOut)

    def list(self) -> Sequence[EndpointOut]:
        """Return every endpoint, by name."""
        return self._transport.call("GET", self._root, answer=EndpointList).value

    def change(self, name: str, change: EndpointChange) -> EndpointOut:
        """Change what is given; a new `spec` is deployed anew."""
        return self._transport.call("PATCH", self._path(name), answer=EndpointOut, body=change)

    def delete(self, name: str) -> None:
        """Delete an endpoint; its processes end."""
        self._transport.delete(self._path(name))

    def logs(self, name: str, *, offset: int = 0, wait: float = 0.0) -> LogPart:
        """Return what the deployment wrote behind `offset`; with `wait`, wait for more."""
        request = Request(
            "GET",
            f"{self._path(name)}/logs",
            query={"offset": offset, "wait": wait or None},
            seconds=wait,
        )
        return log_part(self._transport.exchange(request), offset)

    def keys(self, name: str) -> KeysOut:
        """Return the keys of an endpoint."""
        return self._transport.call("GET", f"{self._path(name)}/keys", answer=KeysOut)

    def regenerate(self, name: str, key: KeyIn) -> KeysOut:
        """Replace a key; the old one opens nothing from then on."""
        path = f"{self._path(name)}/keys"
        return self._transport.call("POST", path, answer=KeysOut, body=key)

    def token(self, name: str) -> TokenOut:
        """Return a fresh bearer token for scoring."""
        return self._transport.call("POST", f"{self._path(name)}/token", answer=TokenOut)

    def _path(self, name: str) -> str:
        return f"{self._root}/{quoted(name)}"
