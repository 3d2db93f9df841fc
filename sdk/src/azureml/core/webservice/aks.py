"""Web services of the kind AKS: replicas behind the server, and keys or tokens to call them."""

from __future__ import annotations

from azureml.core._unsupported import Unsupported
from azureml.core.webservice._settings import (
    AksServiceDeploymentConfiguration,
    AutoScaler,
    ContainerResourceRequirements,
    DataCollection,
    LivenessProbeRequirements,
    WebServiceAccessToken,
)
from azureml.core.webservice.webservice import Webservice

__all__ = [
    "AksEndpoint",
    "AksEndpointDeploymentConfiguration",
    "AksServiceAccessToken",
    "AksServiceDeploymentConfiguration",
    "AksWebservice",
    "AutoScaler",
    "ContainerResourceRequirements",
    "DataCollection",
    "LivenessProbeRequirements",
]

AksServiceAccessToken = WebServiceAccessToken


class AksEndpoint(Unsupported):
    """Versions of a service with shares of its traffic: not part of zaffre yet."""


class AksEndpointDeploymentConfiguration(Unsupported):
    """How such a service is deployed: not part of zaffre yet."""


class AksWebservice(Webservice):
    """A service that needs a key unless `auth_enabled=False` or a token is asked for."""

    _KIND = "AKS"

    deploy_configuration = staticmethod(AksServiceDeploymentConfiguration)
