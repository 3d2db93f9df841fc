"""Datastores: where the data of a workspace lies."""

from __future__ import annotations

from typing import Any

from azureml.core import _datastore_requests as requests
from azureml.core._datastore_registering import OtherDatastores, datastore_of, named, register
from azureml.core._nouns import nouns_of
from azureml.core._unsupported import unsupported

__all__ = ["Datastore"]


class Datastore(OtherDatastores):
    """A datastore by its name; making one returns the class of its kind.

    Every workspace has `workspaceblobstore` (the default), `workspacefilestore`,
    `workspaceworkingdirectory` and `workspaceartifactstore`, which need no account anywhere.

    Example:
        >>> datastore = Datastore(workspace, name="workspaceblobstore")
        >>> datastore.upload("data", target_path="training")

    Args:
        workspace: The workspace.
        name: The datastore; the default one without.
    """

    def __new__(cls, workspace: Any, name: str | None = None) -> Any:
        """Return the datastore in the class of its kind."""
        return cls.get_default(workspace) if name is None else cls.get(workspace, name)

    def __init__(self, workspace: Any, name: str | None = None) -> None:
        """Never called: `__new__` returns another class."""

    @staticmethod
    def get(workspace: Any, datastore_name: str) -> Any:
        """Return a datastore.

        Raises:
            UserErrorException: There is none of that name; lists those there are.
        """
        return datastore_of(workspace, nouns_of(workspace).datastores.get(named(datastore_name)))

    @staticmethod
    def get_default(workspace: Any) -> Any:
        """Return the default datastore."""
        return datastore_of(workspace, nouns_of(workspace).datastores.default())

    @staticmethod
    def register_azure_blob_container(
        workspace: Any,
        datastore_name: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
        blob_cache_timeout: int | None = None,
        grant_workspace_access: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
    ) -> Any:
        """Register a container of blobs.

        Args:
            workspace: The workspace.
            datastore_name: Letters, digits and `_`.
            container_name: The container.
            account_name: The storage account.
            sas_token: A shared access signature; or
            account_key: a key of the account.
            protocol: `https` or `http`.
            endpoint: Other than `core.windows.net`, such as `127.0.0.1:10000` of Azurite.
            overwrite: Replace a datastore of that name.
            create_if_not_exists: Accepted; the container has to be there.
            skip_validation: Accepted; the first use tells whether it can be reached.
            blob_cache_timeout: Accepted.
            grant_workspace_access: Accepted.
            subscription_id: Accepted.
            resource_group: Accepted.

        Raises:
            UserErrorException: The name is taken, or a setting is not allowed.
        """
        settings = {
            "container_name": container_name,
            "account_name": account_name,
            "protocol": protocol,
            "endpoint": endpoint,
            "create_if_not_exists": create_if_not_exists or None,
            "blob_cache_timeout": blob_cache_timeout,
            "grant_workspace_access": grant_workspace_access or None,
            "subscription_id": subscription_id,
            "resource_group": resource_group,
        }
        credential = requests.storage_credential(sas_token, account_key)
        return register(
            workspace, datastore_name, "azure_blob", settings, credential, overwrite=overwrite
        )

    @staticmethod
    def register_azure_file_share(
        workspace: Any,
        datastore_name: str,
        file_share_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
    ) -> Any:
        """Register a file share; parameters as those of `register_azure_blob_container`."""
        settings = {
            "container_name": file_share_name,
            "account_name": account_name,
            "protocol": protocol,
            "endpoint": endpoint,
            "create_if_not_exists": create_if_not_exists or None,
        }
        credential = requests.storage_credential(sas_token, account_key)
        return register(
            workspace, datastore_name, "azure_file", settings, credential, overwrite=overwrite
        )

    register_azure_data_lake = unsupported(
        "Datastore.register_azure_data_lake",
        "Azure ended Data Lake Storage Gen1 in 2024; register_azure_data_lake_gen2 has taken its "
        "place.",
    )

    @staticmethod
    def register_azure_data_lake_gen2(
        workspace: Any,
        datastore_name: str,
        filesystem: str,
        account_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        grant_workspace_access: bool = False,
    ) -> Any:
        """Register a file system of Data Lake Storage, reached by a service principal."""
        requests.check_principal(tenant_id, client_id, client_secret)
        settings = {
            "container_name": filesystem,
            "account_name": account_name,
            "tenant_id": tenant_id,
            "client_id": client_id,
            "resource_url": resource_url,
            "authority_url": authority_url,
            "protocol": protocol,
            "endpoint": endpoint,
            "subscription_id": subscription_id,
            "resource_group": resource_group,
            "grant_workspace_access": grant_workspace_access or None,
        }
        credential = {"client_secret": client_secret}
        kind = "azure_data_lake_gen2"
        return register(workspace, datastore_name, kind, settings, credential, overwrite=overwrite)

    @staticmethod
    def register_azure_sql_database(
        workspace: Any,
        datastore_name: str,
        server_name: str,
        database_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        username: str | None = None,
        password: str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        grant_workspace_access: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Register a database of SQL Server, which the server can name and not query."""
        requests.check_principal(tenant_id, client_id, client_secret)
        settings = {
            "server_name": server_name,
            "database_name": database_name,
            "tenant_id": tenant_id,
            "client_id": client_id,
            "resource_url": resource_url,
            "authority_url": authority_url,
            "endpoint": endpoint,
            "username": username,
            "subscription_id": subscription_id,
            "resource_group": resource_group,
        }
        credential = {"client_secret": client_secret, "password": password}
        kind = "azure_sql_database"
        return register(workspace, datastore_name, kind, settings, credential, overwrite=overwrite)

    @staticmethod
    def register_azure_postgre_sql(
        workspace: Any,
        datastore_name: str,
        server_name: str,
        database_name: str,
        user_id: str,
        user_password: str,
        port_number: str | int | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        enforce_ssl: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Register a database of PostgreSQL.

        Args:
            workspace: The workspace.
            datastore_name: Letters, digits and `_`.
            server_name: The machine, by its whole name; or its first part, with `endpoint`.
            database_name: The database.
            user_id: Who asks.
            user_password: Their password, which is kept encrypted.
            port_number: Other than 5432.
            endpoint: What follows its name, such as `postgres.database.azure.com`.
            overwrite: Replace a datastore of that name.
            enforce_ssl: Speak with the server over TLS only, and check its certificate.
            **kwargs: `tls_authority`, a certificate in PEM that is trusted instead of those of
                the system; others are accepted.
        """
        settings = requests.database(
            server_name, database_name, user_id, port_number=port_number, endpoint=endpoint
        )
        settings |= requests.tls(enforce_ssl, kwargs)
        credential = {"password": user_password}
        return register(
            workspace,
            datastore_name,
            "azure_postgresql",
            settings,
            credential,
            overwrite=overwrite,
        )

    @staticmethod
    def register_azure_my_sql(
        workspace: Any,
        datastore_name: str,
        server_name: str,
        database_name: str,
        user_id: str,
        user_password: str,
        port_number: str | int | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Register a database of MySQL; parameters as those of `register_azure_postgre_sql`."""
        settings = requests.database(
            server_name, database_name, user_id, port_number=port_number, endpoint=endpoint
        )
        settings |= requests.tls(kwargs.get("enforce_ssl", True), kwargs)
        credential = {"password": user_password}
        return register(
            workspace, datastore_name, "azure_mysql", settings, credential, overwrite=overwrite
        )

    def set_as_default(self) -> None:
        """Make it the default datastore of the workspace."""
        type(self).set_as_default(self)

    def unregister(self) -> None:
        """Forget it; its files stay where they are."""
        type(self).unregister(self)
