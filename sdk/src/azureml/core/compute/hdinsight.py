"""Spark clusters of HDInsight."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute._resources import (
    check_place,
    check_provider,
    login,
    port,
)
from azureml.core.compute.compute import ComputeTarget
from zaffre_sdk.wire.computes import ComputeIn, ComputeOut

__all__ = ["HDInsightAttachConfiguration", "HDInsightCompute"]


class HDInsightCompute(ComputeTarget):
    """A Spark cluster of HDInsight.

    Example:
        >>> cluster = HDInsightCompute.attach_configuration(
        ...     username="ada", address="spark-ssh.example.org", password="…"
        ... )
        >>> ComputeTarget.attach(workspace, "spark", cluster)
    """

    _compute_type = "HDInsight"
    _REMOVED_BY = ("detach",)

    vm_size: str | None
    address: str | None
    ssh_port: int | None
    username: str | None

    @staticmethod
    def attach(  # type: ignore[override] # as v1 had it before configurations
        workspace: Any,
        name: str,
        username: str,
        address: str,
        ssh_port: int | str = "22",
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> Any:
        """Attach it; the older way."""
        configuration = HDInsightCompute.attach_configuration(
            username,
            address=address,
            ssh_port=ssh_port,
            password=password,
            private_key_file=private_key_file,
            private_key_passphrase=private_key_passphrase,
        )
        return ComputeTarget.attach(workspace, name, configuration)

    @staticmethod
    def attach_configuration(
        username: str,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        address: str | None = None,
        ssh_port: int | str = "22",
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> HDInsightAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            username: Who logs in.
            subscription_id: Part of its name in Azure.
            resource_group: Part of its name in Azure.
            cluster_name: Part of its name in Azure.
            resource_id: Its id in Azure.
            address: Its name or number in the network.
            ssh_port: Where it listens.
            password: What opens it; or
            private_key_file: the file of a key, whose text is kept encrypted, with
            private_key_passphrase: what opens the key.

        Raises:
            ComputeTargetException: It is not named in exactly one way.
        """
        return HDInsightAttachConfiguration(
            username,
            subscription_id,
            resource_group,
            cluster_name,
            resource_id,
            address,
            ssh_port,
            password,
            private_key_file,
            private_key_passphrase,
        )

    def get_credentials(self) -> dict[str, Any]:
        """Return who logs in and how, in the program that attached it.

        Raises:
            ComputeTargetException: Another program did; the server tells no secrets.
        """
        return {
            "computeType": self.type,
            "administratorAccount": {
                "username": self.username,
                "password": self._secret("password"),
                "privateKeyData": self._secret("private_key"),
            },
        }

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        return {
            "virtualMachineSize": found.vm_size or None,
            "address": found.settings.get("address"),
            "sshPort": found.settings.get("port"),
            "username": found.settings.get("username"),
        }

    def _take_details(self, details: dict[str, Any]) -> None:
        self.vm_size = details.get("virtualMachineSize")
        self.address, self.ssh_port = details.get("address"), details.get("sshPort")
        self.username = details.get("username")


class HDInsightAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `HDInsightCompute.attach_configuration` says."""

    def __init__(
        self,
        username: str,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        cluster_name: str | None = None,
        resource_id: str | None = None,
        address: str | None = None,
        ssh_port: int | str = "22",
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> None:
        super().__init__("HDInsight")
        self.subscription_id = subscription_id
        self.resource_group = resource_group
        self.cluster_name = cluster_name
        self.resource_id = resource_id
        self.address = address
        self.ssh_port = ssh_port
        self.username = username
        self.password = password
        self.private_key_file = private_key_file
        self.private_key_passphrase = private_key_passphrase
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what is not named in exactly one way.

        Raises:
            ComputeTargetException: It is not.
        """
        port(self.ssh_port)
        check_place(
            self.username,
            self.resource_id,
            self.address,
            subscription_id=self.subscription_id,
            resource_group=self.resource_group,
            cluster_name=self.cluster_name,
        )
        if self.resource_id:
            check_provider(self.resource_id, "Microsoft.HDInsight")

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="spark",
            type="HDInsight",
            settings=given(
                address=self.address,
                port=port(self.ssh_port),
                username=self.username,
                resource_id=self.resource_id,
                resource_group=self.resource_group,
                cluster_name=self.cluster_name,
            ),
            credential=login(self.password, self.private_key_file, self.private_key_passphrase),
        )
