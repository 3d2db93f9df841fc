"""Spark clusters of HDInsight."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import given
from azureml.core.compute._machines import MachineAttachConfiguration, MachineTarget
from azureml.core.compute.compute import ComputeTarget
from zaffre_sdk.wire.computes import ComputeIn

__all__ = ["HDInsightAttachConfiguration", "HDInsightCompute"]


class HDInsightCompute(MachineTarget):
    """A Spark cluster of HDInsight.

    Example:
        >>> cluster = HDInsightCompute.attach_configuration(
        ...     username="ada", address="spark-ssh.example.org", password="…"
        ... )
        >>> ComputeTarget.attach(workspace, "spark", cluster)
    """

    _compute_type = "HDInsight"

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


class HDInsightAttachConfiguration(MachineAttachConfiguration):
    """What is attached; as `HDInsightCompute.attach_configuration` says."""

    _PROVIDER = "Microsoft.HDInsight"
    _PARTS = ("subscription_id", "resource_group", "cluster_name")

    cluster_name: str | None

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
        super().__init__(
            "HDInsight",
            subscription_id=subscription_id,
            resource_group=resource_group,
            cluster_name=cluster_name,
            resource_id=resource_id,
            address=address,
            ssh_port=ssh_port,
            username=username,
            password=password,
            private_key_file=private_key_file,
            private_key_passphrase=private_key_passphrase,
        )

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="spark",
            type="HDInsight",
            settings=given(
                **self._place(),
                resource_id=self.resource_id,
                resource_group=self.resource_group,
                cluster_name=self.cluster_name,
            ),
            credential=self._login(),
        )
