"""From what the server says of a datastore to the class that v1 has for it."""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from azureml.data.abstract_datastore import AbstractDatastore

if TYPE_CHECKING:
    from zaffre_sdk.wire.datastores import DatastoreOut

_CREDENTIALS = {
    "none": "None",
    "account_key": "AccountKey",
    "sas": "Sas",
    "service_principal": "ServicePrincipal",
    "password": "SqlAuthentication",
}
# By kind: the module, the class, and what its parameters are called in the settings.
_CLASSES: dict[str, tuple[str, str, dict[str, str]]] = {
    "azure_blob": ("azure_storage_datastore", "AzureBlobDatastore", {}),
    "azure_file": ("azure_storage_datastore", "AzureFileDatastore", {}),
    "azure_data_lake_gen2": ("azure_data_lake_datastore", "AzureDataLakeGen2Datastore", {}),
    "azure_sql_database": ("azure_sql_database_datastore", "AzureSqlDatabaseDatastore", {}),
    "azure_postgresql": (
        "azure_postgre_sql_datastore",
        "AzurePostgreSqlDatastore",
        {"username": "user_id"},
    ),
    "azure_mysql": ("azure_my_sql_datastore", "AzureMySqlDatastore", {"username": "user_id"}),
    "dbfs": ("dbfs_datastore", "DBFSDatastore", {}),
    "hdfs": (
        "hdfs_datastore",
        "HDFSDatastore",
        {"hdfs_server_certificate": "hdfs_server_certificate_data"},
    ),
    "s3": ("_other_datastores", "S3Datastore", {}),
    "gcs": ("_other_datastores", "GcsDatastore", {}),
    "local": ("_other_datastores", "LocalDatastore", {}),
}
# Parameters without a default of which the server may say nothing.
_UNSAID: dict[str, dict[str, Any]] = {
    "azure_blob": {"account_name": "", "container_name": ""},
    "azure_file": {"account_name": "", "container_name": ""},
    "azure_postgresql": {"user_id": None, "user_password": None},
    "azure_mysql": {"user_id": None, "user_password": None},
    "hdfs": {
        "protocol": None,
        "hdfs_server_certificate_data": None,
        "kerberos_realm": None,
        "kerberos_kdc_address": None,
        "kerberos_principal": None,
        "credential_value": None,
        "credential_type": None,
    },
}


def datastore_of(workspace: Any, found: DatastoreOut) -> AbstractDatastore:
    """Return the datastore in the class that v1 has for its kind."""
    entry = _CLASSES.get(found.kind)
    if entry is None:
        return AbstractDatastore(workspace, found.name, "Custom")
    module, name, renamed = entry
    kind = getattr(import_module(f"azureml.data.{module}"), name)
    accepted = signature(kind).parameters
    given: dict[str, Any] = dict(_UNSAID.get(found.kind, {}))
    for setting, value in found.settings.items():
        parameter = renamed.get(setting, setting)
        if parameter in accepted:
            given[parameter] = value == "true" if parameter == "enforce_ssl" else value
    datastore: AbstractDatastore = kind(workspace, found.name, **given)
    if hasattr(datastore, "credential_type"):
        datastore.credential_type = _CREDENTIALS.get(found.credential_kind, "None")
    return datastore
