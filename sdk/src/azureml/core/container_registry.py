"""Registries of container images."""

from __future__ import annotations

from typing import Any

from azureml.core._sections import Section

__all__ = ["ContainerRegistry", "RegistryIdentity"]


class RegistryIdentity(Section):
    """A managed identity that opens a registry."""

    def __init__(self) -> None:
        self.resource_id: str | None = None
        self.client_id: str | None = None


class ContainerRegistry(Section):
    """A registry and who may open it.

    Attributes:
        password_secret: The secret of the workspace that keeps the password, once it was
            registered; the password itself is then written nowhere.
    """

    def __init__(self) -> None:
        self.address: str | None = None
        self.username: str | None = None
        self.password: str | None = None
        self.registry_identity: RegistryIdentity | None = None
        self.password_secret: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the settings under their names in files, without a password that is kept."""
        content = super().to_dict()
        if self.password_secret:
            content["password"] = None
        return content
