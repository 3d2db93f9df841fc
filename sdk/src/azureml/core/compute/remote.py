"""Machines that are reached over SSH."""

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
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn, ComputeOut

__all__ = ["RemoteCompute", "RemoteComputeAttachConfiguration"]


class RemoteCompute(ComputeTarget):
    """Another machine, where runs execute over SSH.

    Example:
        >>> machine = RemoteCompute.attach_configuration(
        ...     username="ada", address="gpu1.example.org", private_key_file="~/.ssh/id_ed25519"
        ... )
        >>> ComputeTarget.attach(workspace, "gpu1", machine).wait_for_completion(show_output=True)
    """

    _compute_type = "VirtualMachine"
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


class RemoteComputeAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `RemoteCompute.attach_configuration` says."""

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
        super().__init__("VirtualMachine")
        self.subscription_id = subscription_id
        self.resource_group = resource_group
        self.vm_name = vm_name
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
            vm_name=self.vm_name,
        )
        if self.resource_id:
            check_provider(self.resource_id, "Microsoft.Compute")

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
            settings=given(
                address=self.address,
                port=port(self.ssh_port),
                username=self.username,
            ),
            credential=login(self.password, self.private_key_file, self.private_key_passphrase),
        )
