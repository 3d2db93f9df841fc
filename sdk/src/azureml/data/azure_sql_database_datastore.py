"""Azure SQL Database."""

from __future__ import annotations

from typing import Any

from azureml.data.abstract_datastore import AbstractDatastore

__all__ = ["AzureSqlDatabaseDatastore"]


class AzureSqlDatabaseDatastore(AbstractDatastore):
    """A database of SQL Server; it can be registered, and the server cannot query it."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        server_name: str,
        database_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        auth_type: str | None = None,
        service_data_access_auth_identity: Any = None,
    ) -> None:
        super().__init__(workspace, name, "AzureSqlDatabase")
        self.server_name = server_name
        self.database_name = database_name
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.resource_url = resource_url
        self.authority_url = authority_url
        self.username = username
        self.password = password
        self.auth_type = auth_type
        self.service_data_access_auth_identity = service_data_access_auth_identity

    def _described(self) -> dict[str, Any]:
        return {"server_name": self.server_name, "database_name": self.database_name}
