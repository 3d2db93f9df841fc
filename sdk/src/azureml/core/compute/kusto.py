"""Azure Data Explorer, known by name."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute._resources import check_provider
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn

__all__ = ["KustoAttachConfiguration", "KustoCompute"]

_NEEDED = (
    "resource_group",
    "workspace_name",
    "resource_id",
    "tenant_id",
    "kusto_connection_string",
    "application_id",
    "application_key",
)


class KustoCompute(ComputeTarget):
    """A cluster of Azure Data Explorer: it is listed, and nothing executes there."""

    _compute_type = "Kusto"
    _REMOVED_BY = ("detach",)

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        workspace_name: str | None = None,
        resource_id: str | None = None,
        tenant_id: str | None = None,
        kusto_connection_string: str | None = None,
        application_id: str | None = None,
        application_key: str | None = None,
    ) -> KustoAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches; the key is kept encrypted.

        Raises:
            ComputeTargetException: One of the arguments is missing.
        """
        return KustoAttachConfiguration(
            resource_group,
            workspace_name,
            resource_id,
            tenant_id,
            kusto_connection_string,
            application_id,
            application_key,
        )

    def get_credentials(self) -> dict[str, dict[str, str | None]]:
        """Return the key, in the program that attached the cluster.

        Raises:
            ComputeTargetException: Another program did; the server tells no secrets.
        """
        return {"servicePrincipal": {"applicationKey": self._secret("application_key")}}


class KustoAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `KustoCompute.attach_configuration` says."""

    def __init__(
        self,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        resource_id: str | None = None,
        tenant_id: str | None = None,
        kusto_connection_string: str | None = None,
        application_id: str | None = None,
        application_key: str | None = None,
    ) -> None:
        super().__init__("Kusto")
        self.resource_group = resource_group
        self.workspace_name = workspace_name
        self.resource_id = resource_id
        self.tenant_id = tenant_id
        self.kusto_connection_string = kusto_connection_string
        self.application_id = application_id
        self.application_key = application_key
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what is not whole.

        Raises:
            ComputeTargetException: One of the arguments is missing.
        """
        missing = [f"`{name}`" for name in _NEEDED if not getattr(self, name)]
        if missing:
            raise ComputeTargetException(f"{', '.join(missing)} must be given as well.")
        check_provider(self.resource_id or "", "Microsoft.Kusto")

    def _order(self, name: str) -> ComputeIn:
        settings: dict[str, Any] = {key: getattr(self, key) for key in _NEEDED}
        key = settings.pop("application_key")
        return ComputeIn(
            name=name,
            kind="linked",
            type="Kusto",
            settings=given(**settings),
            credential={"application_key": key},
        )
