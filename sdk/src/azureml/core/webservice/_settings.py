"""Settings of web services."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from azureml.core._sections import camel, snake
from azureml.exceptions import WebserviceException

P = TypeVar("P", bound="Plain")


class Plain:
    """A group of settings with names in camelCase outside."""

    def serialize(self) -> dict[str, Any]:
        """Return the settings under their names outside."""
        return {camel(name): value for name, value in asdict(self).items()}  # type: ignore[call-overload] # every subclass is a dataclass

    @classmethod
    def deserialize(  # noqa: PYI019 - Python 3.9 has no Self
        cls: type[P], payload_obj: dict[str, Any] | None
    ) -> P | None:
        """Return what `serialize` gave."""
        if payload_obj is None:
            return None
        known = {one.name for one in fields(cls)}  # type: ignore[arg-type] # see above
        given = {snake(key): value for key, value in payload_obj.items()}
        return cls(**{key: value for key, value in given.items() if key in known})


@dataclass
class AutoScaler(Plain):
    """Between how many replicas a service scales."""

    autoscale_enabled: bool | None
    max_replicas: int | None
    min_replicas: int | None
    refresh_period_seconds: int | None
    target_utilization: int | None


@dataclass
class ContainerResourceRequirements(Plain):
    """How much of a machine each replica asks for."""

    cpu: float | None
    memory_in_gb: float | None
    gpu: int | None = None
    cpu_limit: float | None = None
    memory_in_gb_limit: float | None = None


@dataclass
class DataCollection(Plain):
    """Whether inputs and answers are kept."""

    event_hub_enabled: bool | None
    storage_enabled: bool | None


@dataclass
class LivenessProbeRequirements(Plain):
    """When a replica counts as dead."""

    period_seconds: int | None
    initial_delay_seconds: int | None
    timeout_seconds: int | None
    success_threshold: int | None
    failure_threshold: int | None


@dataclass
class WebServiceAccessToken(Plain):
    """A token for scoring."""

    access_token: str
    token_type: str
    refresh_after: datetime
    expiry_on: datetime


@dataclass
class EncryptionProperties(Plain):
    """A key that encrypts a service in Azure: kept as written."""

    cmk_vault_base_url: str | None
    cmk_key_name: str | None
    cmk_key_version: str | None


@dataclass
class VnetConfiguration(Plain):
    """A network in Azure: kept as written."""

    vnet_name: str | None
    subnet_name: str | None


@dataclass
class WebserviceDeploymentConfiguration:
    """How a service is deployed.

    Attributes:
        type: `ACI`, `AKS` or `LOCAL`.
    """

    type: str
    description: str | None = None
    tags: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    primary_key: str | None = None
    secondary_key: str | None = None
    location: str | None = None

    def validate_configuration(self) -> None:
        """Refuse settings that no service can have."""
        for name in ("cpu_cores", "memory_gb", "num_replicas", "scoring_timeout_ms"):
            value = getattr(self, name, None)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise WebserviceException(f"`{name}` must be a number above 0, not {value!r}.")
        if (self.primary_key or self.secondary_key) and self.auth_mode() != "key":
            raise WebserviceException(
                "`primary_key` and `secondary_key` need `auth_enabled=True`."
            )

    def auth_mode(self) -> str:
        """Return what a caller must show: `none`, `key` or `token`."""
        if getattr(self, "token_auth_enabled", None):
            return "token"
        return "key" if getattr(self, "auth_enabled", None) else "none"

    def sizes(self) -> dict[str, Any]:
        """Return the size of the deployment, as far as it was given."""
        timeout = getattr(self, "scoring_timeout_ms", None)
        given = {
            "cpu_cores": getattr(self, "cpu_cores", None),
            "memory_gb": getattr(self, "memory_gb", None),
            "replicas": getattr(self, "num_replicas", None),
            "timeout_seconds": timeout / 1000 if timeout else None,
            "max_concurrent": getattr(self, "replica_max_concurrent_requests", None),
        }
        return {key: value for key, value in given.items() if value is not None}

    def print_deploy_configuration(self) -> None:
        """Print the settings that were given."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None:
                print(f"{one.name}: {value}")  # noqa: T201 - what it is for

    def validate_image(self, image: Any) -> None:
        """Accept anything: there are no images here."""


@dataclass
class AciServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """How a service of the kind ACI is deployed.

    What only Azure has (certificates, keys of vaults, networks) is kept and not used.
    """

    type: str = field(default="ACI", init=False)
    cpu_cores: float | None = None
    memory_gb: float | None = None
    auth_enabled: bool | None = None
    ssl_enabled: bool | None = None
    enable_app_insights: bool | None = None
    ssl_cert_pem_file: str | None = None
    ssl_key_pem_file: str | None = None
    ssl_cname: str | None = None
    dns_name_label: str | None = None
    collect_model_data: bool | None = None
    cmk_vault_base_url: str | None = None
    cmk_key_name: str | None = None
    cmk_key_version: str | None = None
    vnet_name: str | None = None
    subnet_name: str | None = None


@dataclass
class AksServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """How a service of the kind AKS is deployed; callers need a key unless told otherwise."""

    type: str = field(default="AKS", init=False)
    autoscale_enabled: bool | None = None
    autoscale_min_replicas: int | None = None
    autoscale_max_replicas: int | None = None
    autoscale_refresh_seconds: int | None = None
    autoscale_target_utilization: int | None = None
    collect_model_data: bool | None = None
    auth_enabled: bool | None = None
    cpu_cores: float | None = None
    memory_gb: float | None = None
    enable_app_insights: bool | None = None
    scoring_timeout_ms: int | None = None
    replica_max_concurrent_requests: int | None = None
    max_request_wait_time: int | None = None
    num_replicas: int | None = None
    gpu_cores: int | None = None
    period_seconds: int | None = None
    initial_delay_seconds: int | None = None
    timeout_seconds: int | None = None
    success_threshold: int | None = None
    failure_threshold: int | None = None
    namespace: str | None = None
    token_auth_enabled: bool | None = None
    compute_target_name: str | None = None
    cpu_cores_limit: float | None = None
    memory_gb_limit: float | None = None
    blobfuse_enabled: bool | None = None

    def auth_mode(self) -> str:
        """Return what a caller must show: `none`, `key` or `token`."""
        if self.token_auth_enabled:
            return "token"
        return "none" if self.auth_enabled is False else "key"


@dataclass
class LocalWebserviceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    """How a local service is deployed: on a port of its own."""

    type: str = field(default="LOCAL", init=False)
    port: int | None = None
