"""Bringing in what was made elsewhere."""

from __future__ import annotations

from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.imports import (
    ImportOut,
    LoggedModelImport,
    RegisteredModelImport,
    VersionImport,
)


class Imports:
    """Send models with the numbers, ids and times that they had; for people, not for runs."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/imports"

    def registered_model(self, model: RegisteredModelImport) -> ImportOut:
        """Create a registered model, unless it is there."""
        path = f"{self._root}/registered-models"
        return self._transport.call("POST", path, answer=ImportOut, body=model)

    def version(self, version: VersionImport) -> ImportOut:
        """Create a version of a registered model under its number.

        Raises:
            ConflictError: Another version has the number, or had it or a higher one.
        """
        path = f"{self._root}/versions"
        return self._transport.call("POST", path, answer=ImportOut, body=version)

    def logged_model(self, model: LoggedModelImport) -> ImportOut:
        """Create a logged model under its id, or end one that is pending."""
        path = f"{self._root}/logged-models"
        return self._transport.call("POST", path, answer=ImportOut, body=model, packed=True)
