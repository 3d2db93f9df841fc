"""Web services of the kind ACI: one replica behind the server."""

from __future__ import annotations

from dataclasses import dataclass

from azureml.core.webservice._settings import (
    AciServiceDeploymentConfiguration,
    EncryptionProperties,
    Plain,
    VnetConfiguration,
)
from azureml.core.webservice.webservice import Webservice

__all__ = [
    "AciServiceDeploymentConfiguration",
    "AciWebservice",
    "ContainerResourceRequirements",
    "EncryptionProperties",
    "VnetConfiguration",
]


@dataclass
class ContainerResourceRequirements(Plain):
    """How much of a machine the replica asks for."""

    cpu: float | None
    memory_in_gb: float | None


class AciWebservice(Webservice):
    """A service that needs no key unless `auth_enabled` asks for one."""

    _KIND = "ACI"

    deploy_configuration = staticmethod(AciServiceDeploymentConfiguration)
