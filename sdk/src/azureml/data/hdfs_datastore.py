"""The file system of Hadoop."""

from __future__ import annotations

from typing import Any

from azureml.data.abstract_datastore import AbstractDatastore

__all__ = ["HDFSDatastore"]


class HDFSDatastore(AbstractDatastore):
    """Files of Hadoop; they can be named, and the server cannot read them."""

    def __init__(
        self,
        workspace: Any,
        name: str,
        protocol: str | None,
        namenode_address: str,
        hdfs_server_certificate_data: str | None,
        kerberos_realm: str | None,
        kerberos_kdc_address: str | None,
        kerberos_principal: str | None,
        credential_value: str | None,
        credential_type: str | None,
    ) -> None:
        super().__init__(workspace, name, "Hdfs")
        self.protocol = protocol
        self.namenode_address = namenode_address
        self.hdfs_server_certificate_data = hdfs_server_certificate_data
        self.kerberos_realm = kerberos_realm
        self.kerberos_kdc_address = kerberos_kdc_address
        self.kerberos_principal = kerberos_principal
        self.credential_value = credential_value
        self.credential_type = credential_type

    def _described(self) -> dict[str, Any]:
        return {"protocol": self.protocol, "namenode_address": self.namenode_address}
