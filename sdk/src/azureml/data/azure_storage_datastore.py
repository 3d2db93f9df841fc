"""Blob containers and file shares."""

from __future__ import annotations

from typing import Any

from azureml.data._file_datastore import FileDatastore

__all__ = ["AbstractAzureStorageDatastore", "AzureBlobDatastore", "AzureFileDatastore"]

_PROTOCOL = "https"
_ENDPOINT = "core.windows.net"


class AbstractAzureStorageDatastore(FileDatastore):
    """A datastore of an Azure storage account.

    Attributes:
        container_name: The container, or the share.
        account_name: The account; empty for those that came with the workspace.
        credential_type: `None`, `AccountKey` or `Sas`.
    """

    def __init__(
        self,
        workspace: Any,
        name: str,
        datastore_type: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
    ) -> None:
        super().__init__(workspace, name, datastore_type)
        self.container_name = container_name
        self.account_name = account_name
        self.sas_token = sas_token
        self.account_key = account_key
        self.protocol = protocol or _PROTOCOL
        self.endpoint = endpoint or _ENDPOINT
        self.credential_type = "Sas" if sas_token else "AccountKey" if account_key else "None"

    @property
    def is_sas(self) -> bool:
        """Whether it is reached with a shared access signature."""
        return self.credential_type == "Sas"

    def _described(self) -> dict[str, Any]:
        return {
            "container_name": self.container_name,
            "account_name": self.account_name,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
        }


class AzureBlobDatastore(AbstractAzureStorageDatastore):
    """A container of blobs."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        request_session: Any = None,
        workspace_msi_has_access: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        service_data_access_auth_identity: Any = None,
    ) -> None:
        super().__init__(
            workspace,
            name,
            "AzureBlob",
            container_name,
            account_name,
            sas_token,
            account_key,
            protocol,
            endpoint,
        )
        self.workspace_msi_has_access = workspace_msi_has_access
        self.subscription_id = subscription_id
        self.resource_group = resource_group
        self.service_data_access_auth_identity = service_data_access_auth_identity


class AzureFileDatastore(AbstractAzureStorageDatastore):
    """A file share."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str = _ENDPOINT,
        request_session: Any = None,
    ) -> None:
        super().__init__(
            workspace,
            name,
            "AzureFile",
            container_name,
            account_name,
            sas_token,
            account_key,
            protocol,
            endpoint,
        )
