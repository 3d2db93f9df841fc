"""Machines that are reached over SSH."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._machines import MachineAttachConfiguration, MachineTarget
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn

__all__ = ["RemoteCompute", "RemoteComputeAttachConfiguration"]


class RemoteCompute(MachineTarget):
    """Another machine, where runs execute over SSH.

    Example:
        >>> machine = RemoteCompute.attach_configuration(
        ...     username="ada", address="gpu1.example.org", private_key_file="~/.ssh/id_ed25519"
        ... )
        >>> ComputeTarget.attach(workspace, "gpu1", machine).wait_for_completion(show_output=True)
    """

    _compute_type = "VirtualMachine"

    @staticmethod
    def attach(  # type: ignore[override] # as v1 had it before configurations
        workspace: Any,
        name: str,
        username: str,
        address: str,
        ssh_port: int | str = 22,
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> Any:
        """Attach it; the older way."""
        configuration = RemoteCompute.attach_configuration(
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
        vm_name: str | None = None,
        resource_id: str | None = None,
        address: str | None = None,
        ssh_port: int | str = 22,
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> RemoteComputeAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            username: Who logs in.
            subscription_id: Part of its name in Azure.
            resource_group: Part of its name in Azure.
            vm_name: Part of its name in Azure.
            resource_id: Its id in Azure.
            address: Its name or number in the network.
            ssh_port: Where it listens.
            password: What opens it; or
            private_key_file: the file of a key, whose text is kept encrypted, with
            private_key_passphrase: what opens the key.

        Raises:
            ComputeTargetException: It is not named in exactly one way.
        """
        return RemoteComputeAttachConfiguration(
            username,
            subscription_id,
            resource_group,
            vm_name,
            resource_id,
            address,
            ssh_port,
            password,
            private_key_file,
            private_key_passphrase,
        )


class RemoteComputeAttachConfiguration(MachineAttachConfiguration):
    """What is attached; as `RemoteCompute.attach_configuration` says."""

    _PROVIDER = "Microsoft.Compute"
    _PARTS = ("subscription_id", "resource_group", "vm_name")

    vm_name: str | None

    def __init__(
        self,
        username: str,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        vm_name: str | None = None,
        resource_id: str | None = None,
        address: str | None = None,
        ssh_port: int | str = 22,
        password: str = "",
        private_key_file: str = "",
        private_key_passphrase: str = "",
    ) -> None:
        super().__init__(
            "VirtualMachine",
            subscription_id=subscription_id,
            resource_group=resource_group,
            vm_name=vm_name,
            resource_id=resource_id,
            address=address,
            ssh_port=ssh_port,
            username=username,
            password=password,
            private_key_file=private_key_file,
            private_key_passphrase=private_key_passphrase,
        )

    def _order(self, name: str) -> ComputeIn:
        if not self.address:
            raise ComputeTargetException(
                f"`{name}` is named by what it is in Azure, which nothing here can look up: give "
                "its `address`.",
                code="NotSupported",
            )
        return ComputeIn(
            name=name,
            kind="machine",
            type="VirtualMachine",
            settings=self._place(),
            credential=self._login(),
        )
