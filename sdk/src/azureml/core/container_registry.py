"""Registries of container images: kept as written, since nothing runs in containers here."""

from __future__ import annotations

from azureml.core._sections import Section

__all__ = ["ContainerRegistry", "RegistryIdentity"]


class RegistryIdentity(Section):
    """A managed identity that opens a registry."""

    def __init__(self) -> None:
        self.resource_id: str | None = None
        self.client_id: str | None = None


class ContainerRegistry(Section):
    """A registry and who may open it."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.username: str | None = None
        self.password: str | None = None
        self.registry_identity: RegistryIdentity | None = None
