"""Registering datastores: what all kinds share, and the kinds that few programs name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from azureml.core import _datastore_requests as requests
from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datastores import DatastoreIn, DatastoreOut

_log = logging.getLogger(__name__)


def register(
    workspace: Any,
    name: str,
    kind: str,
    settings: dict[str, Any],
    credential: Mapping[str, str | None],
    *,
    overwrite: bool = False,
) -> Any:
    """Register a datastore, and return it in the class of its kind.

    Raises:
        UserErrorException: The name is taken and `overwrite` is not set, or a setting is not
            allowed.
    """
    asked = DatastoreIn(
        name=named(name),
        kind=kind,
        settings=requests.texts(settings),
        credential=requests.texts(credential),
        overwrite=overwrite,
    )
    made = datastore_of(workspace, nouns_of(workspace).datastores.register(asked))
    # What this program has given is no news to it; v1 programs look at it.
    for field, value in asked.credential.items():
        if hasattr(made, field):
            setattr(made, field, value)
    return made


def named(name: Any) -> str:
    """Return the name of a datastore as all are named; raises `UserErrorException` for none."""
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"A datastore is named by text, not {name!r}.")
    if name != name.lower():
        _log.warning(
            "Datastore name %s contains capital letters. They will be converted to lowercase "
            "letters.",
            name,
        )
    return name.lower()


def datastore_of(workspace: Any, found: DatastoreOut) -> Any:
    """Return a datastore in the class that v1 has for its kind."""
    return _late.find("azureml.data._datastore_kinds", "datastore_of")(workspace, found)


class OtherDatastores:
    """Registers the storage of Databricks, Hadoop, Amazon and Google, and the server's own."""

    @staticmethod
    def register_dbfs(workspace: Any, datastore_name: str) -> Any:
        """Register the files of Databricks, which the server can name and not read."""
        return register(workspace, datastore_name, "dbfs", {}, {})

    @staticmethod
    def register_hdfs(
        workspace: Any,
        datastore_name: str,
        protocol: str,
        namenode_address: str,
        hdfs_server_certificate: str | None,
        kerberos_realm: str,
        kerberos_kdc_address: str,
        kerberos_principal: str,
        kerberos_keytab: str | None = None,
        kerberos_password: str | None = None,
        overwrite: bool = False,
    ) -> Any:
        """Register the files of Hadoop, which the server can name and not read.

        Raises:
            UserErrorException: Neither or both of keytab and password are given.
        """
        settings = {
            "protocol": protocol,
            "namenode_address": namenode_address,
            "hdfs_server_certificate": requests.file_text(hdfs_server_certificate),
            "kerberos_realm": kerberos_realm,
            "kerberos_kdc_address": kerberos_kdc_address,
            "kerberos_principal": kerberos_principal,
        }
        credential = requests.kerberos_credential(kerberos_keytab, kerberos_password)
        return register(
            workspace, datastore_name, "hdfs", settings, credential, overwrite=overwrite
        )

    @staticmethod
    def register_s3(
        workspace: Any,
        datastore_name: str,
        bucket_name: str,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        overwrite: bool = False,
    ) -> Any:
        """Register a bucket of S3, or of a storage that speaks as S3 does; not part of v1."""
        settings = {"bucket_name": bucket_name, "region": region, "endpoint": endpoint}
        credential = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "session_token": session_token,
        }
        return register(workspace, datastore_name, "s3", settings, credential, overwrite=overwrite)

    @staticmethod
    def register_gcs(
        workspace: Any,
        datastore_name: str,
        bucket_name: str,
        *,
        service_account_key: str | None = None,
        bearer_token: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
    ) -> Any:
        """Register a bucket of Google Cloud Storage; not part of v1.

        Args:
            workspace: The workspace.
            datastore_name: Letters, digits and `_`.
            bucket_name: The bucket.
            service_account_key: The JSON of a service account; or
            bearer_token: a token.
            endpoint: Other than Google's.
            overwrite: Replace a datastore of that name.
        """
        settings = {"bucket_name": bucket_name, "endpoint": endpoint}
        credential = {"service_account_key": service_account_key, "bearer_token": bearer_token}
        return register(
            workspace, datastore_name, "gcs", settings, credential, overwrite=overwrite
        )

    @staticmethod
    def register_local(
        workspace: Any,
        datastore_name: str,
        root: str,
        folder: str = "",
        *,
        overwrite: bool = False,
    ) -> Any:
        """Register a folder of the server's machine; not part of v1.

        Args:
            workspace: The workspace.
            datastore_name: Letters, digits and `_`.
            root: The name of a folder that the server was given, as in
                `zaffre up --data-root data=/srv/data`; never a path.
            folder: Below it.
            overwrite: Replace a datastore of that name.
        """
        settings = {"root": root, "folder": folder.strip("/") or None}
        return register(workspace, datastore_name, "local", settings, {}, overwrite=overwrite)
