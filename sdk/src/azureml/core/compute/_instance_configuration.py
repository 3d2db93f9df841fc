"""What a compute instance is asked for."""

from __future__ import annotations

from typing import Any

from azureml.core._run_base import text_pairs
from azureml.core.compute._configurations import (
    ComputeTargetProvisioningConfiguration,
    given,
)
from azureml.core.compute._resources import check_network
from zaffre_sdk.wire.computes import ComputeIn


class ComputeInstanceProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What an instance is asked for; as `ComputeInstance.provisioning_configuration` says."""

    def __init__(
        self,
        vm_size: str = "",
        ssh_public_access: bool = False,
        admin_user_ssh_public_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: dict[str, Any] | None = None,
        description: str | None = None,
        assigned_user_object_id: str | None = None,
        assigned_user_tenant_id: str | None = None,
    ) -> None:
        super().__init__("ComputeInstance", None)
        self.vm_size = vm_size
        self.ssh_public_access = ssh_public_access
        self.admin_user_ssh_public_key = admin_user_ssh_public_key
        self.vnet_resourcegroup_name = vnet_resourcegroup_name
        self.vnet_name = vnet_name
        self.subnet_name = subnet_name
        self.tags = tags
        self.description = description
        self.assigned_user_object_id = assigned_user_object_id
        self.assigned_user_tenant_id = assigned_user_tenant_id
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: One of them cannot; says which.
        """
        check_network(
            vnet_resourcegroup_name=self.vnet_resourcegroup_name,
            vnet_name=self.vnet_name,
            subnet_name=self.subnet_name,
        )

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="instance",
            type="ComputeInstance",
            vm_size=self.vm_size or "",
            description=self.description or "",
            tags=text_pairs(self.tags, "tags"),
            settings=given(
                ssh_public_access=self.ssh_public_access or None,
                admin_user_ssh_public_key=self.admin_user_ssh_public_key,
                vnet_resourcegroup_name=self.vnet_resourcegroup_name,
                vnet_name=self.vnet_name,
                subnet_name=self.subnet_name,
                assigned_user_object_id=self.assigned_user_object_id,
                assigned_user_tenant_id=self.assigned_user_tenant_id,
            ),
        )
