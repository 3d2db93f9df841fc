"""Azure Data Lake Storage."""

from __future__ import annotations

from typing import Any

from azureml.data._file_datastore import FileDatastore

__all__ = ["AbstractADLSDatastore", "AzureDataLakeDatastore", "AzureDataLakeGen2Datastore"]

_RESOURCE = "https://storage.azure.com/"
_AUTHORITY = "https://login.microsoftonline.com"


class AbstractADLSDatastore(FileDatastore):
    """A data lake, reached by a service principal."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        datastore_type: str,
        tenant_id: str | None,
        client_id: str | None,
        client_secret: str | None,
        resource_url: str | None,
        authority_url: str | None,
        service_data_access_auth_identity: Any,
    ) -> None:
        super().__init__(workspace, name, datastore_type)
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.resource_url = resource_url or _RESOURCE
        self.authority_url = authority_url or _AUTHORITY
        self.service_data_access_auth_identity = service_data_access_auth_identity


class AzureDataLakeDatastore(AbstractADLSDatastore):
    """A data lake of the first generation, which Azure has ended."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        store_name: str,
        tenant_id: str | None,
        client_id: str | None,
        client_secret: str | None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        service_data_access_auth_identity: Any = None,
    ) -> None:
        super().__init__(
            workspace,
            name,
            "AzureDataLake",
            tenant_id,
            client_id,
            client_secret,
            resource_url,
            authority_url,
            service_data_access_auth_identity,
        )
        self.store_name = store_name
        self._subscription_id = subscription_id
        self._resource_group = resource_group

    @property
    def subscription_id(self) -> str | None:
        """The subscription of the store."""
        return self._subscription_id

    @subscription_id.setter
    def subscription_id(self, value: str | None) -> None:
        self._subscription_id = value

    @property
    def resource_group(self) -> str | None:
        """The resource group of the store."""
        return self._resource_group

    @resource_group.setter
    def resource_group(self, value: str | None) -> None:
        self._resource_group = value

    def _described(self) -> dict[str, Any]:
        return {"store_name": self.store_name}


class AzureDataLakeGen2Datastore(AbstractADLSDatastore):
    """A file system of a data lake of the second generation."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        container_name: str,
        account_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        service_data_access_auth_identity: Any = None,
    ) -> None:
        super().__init__(
            workspace,
            name,
            "AzureDataLakeGen2",
            tenant_id,
            client_id,
            client_secret,
            resource_url,
            authority_url,
            service_data_access_auth_identity,
        )
        self.container_name = container_name
        self.account_name = account_name
        self.protocol = protocol or "https"
        self.endpoint = endpoint or "core.windows.net"

    def _described(self) -> dict[str, Any]:
        return {
            "container_name": self.container_name,
            "account_name": self.account_name,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
        }
