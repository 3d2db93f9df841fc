"""Web services of the kind AKS: replicas behind the server, and keys or tokens to call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from zaffre_sdk.wire.endpoints import EndpointOut

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
    """A service that needs a key unless `auth_enabled=False` or a token is asked for.

    Attributes:
        compute_name: The `AksCompute` that it was deployed to; None is none.
    """

    _KIND = "AKS"
    compute_name: str | None = None

    deploy_configuration = staticmethod(AksServiceDeploymentConfiguration)

    def _take(self, found: EndpointOut) -> None:
        super()._take(found)
        self.compute_name = found.compute or None
