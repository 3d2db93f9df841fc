"""Data science virtual machines."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import ComputeTargetProvisioningConfiguration
from azureml.core.compute._resources import port
from azureml.core.compute.compute import ComputeTarget
from azureml.core.compute.remote import RemoteCompute
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn

__all__ = ["DsvmCompute", "DsvmProvisioningConfiguration"]


class DsvmCompute(RemoteCompute):
    """A data science virtual machine: attach one as `RemoteCompute`, none can be made here."""

    @staticmethod
    def attach(  # type: ignore[override] # v1 has the older way for `RemoteCompute` alone
        workspace: Any, name: str, attach_configuration: Any
    ) -> Any:
        """Attach what `RemoteCompute.attach_configuration` describes."""
        return ComputeTarget.attach(workspace, name, attach_configuration)

    @staticmethod
    def provisioning_configuration(
        vm_size: str | None = None,
        ssh_port: int | str | None = None,
        location: str | None = None,
    ) -> DsvmProvisioningConfiguration:
        """Return a configuration, which `ComputeTarget.create` refuses: it needs Azure."""
        return DsvmProvisioningConfiguration(vm_size or "", ssh_port, location)


class DsvmProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What a machine would be asked for."""

    def __init__(
        self,
        vm_size: str = "",
        ssh_port: int | str | None = None,
        location: str | None = None,
    ) -> None:
        super().__init__("VirtualMachine", location)
        self.vm_size = vm_size
        self.ssh_port = ssh_port
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse a port that is none.

        Raises:
            ComputeTargetException: It is none.
        """
        if self.ssh_port is not None:
            port(self.ssh_port)

    def _order(self, name: str) -> ComputeIn:
        raise ComputeTargetException(
            f"`{name}` cannot be made here: virtual machines are made by Azure.\n"
            "Attach one that exists: `RemoteCompute.attach_configuration(username=…, address=…)`.",
            code="NotSupported",
        )
