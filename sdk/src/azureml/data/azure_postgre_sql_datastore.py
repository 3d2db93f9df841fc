"""PostgreSQL, of Azure or of one's own."""

from __future__ import annotations

from typing import Any

from azureml.data.abstract_datastore import AbstractDatastore

__all__ = ["AzurePostgreSqlDatastore"]


class AzurePostgreSqlDatastore(AbstractDatastore):
    """A database of PostgreSQL."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        server_name: str,
        database_name: str,
        user_id: str | None,
        user_password: str | None,
        port_number: str | int | None = None,
        enforce_ssl: bool = True,
    ) -> None:
        super().__init__(workspace, name, "AzurePostgreSql")
        self.server_name = server_name
        self.database_name = database_name
        self.user_id = user_id
        self.user_password = user_password
        self.port_number = port_number
        self.enforce_ssl = enforce_ssl

    def _described(self) -> dict[str, Any]:
        return {
            "server_name": self.server_name,
            "database_name": self.database_name,
            "user_id": self.user_id,
            "port_number": self.port_number,
        }
