"""What a cluster is asked for."""

from __future__ import annotations

import string
from typing import Any

from azureml.core._run_base import text_pairs
from azureml.core.compute._cluster_status import ScaleSettings
from azureml.core.compute._configurations import (
    ComputeTargetProvisioningConfiguration,
    given,
)
from azureml.core.compute._resources import check_identity, check_network
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn, Scale

_PRIORITIES = {"dedicated": False, "lowpriority": True}
_DEFAULT_IDLE = 1800
_CLASSES = (
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.digits,
    "`~!@#$%^&*()=+_[]{}|;:./'\",<>?",
)
_NEEDED_CLASSES = 3


class AmlComputeProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What a cluster is asked for; parameters as those of `AmlCompute.provisioning_configuration`.

    Raises:
        ComputeTargetException: A value cannot be; says which.
    """

    def __init__(
        self,
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: float | None = _DEFAULT_IDLE,
        admin_username: str | None = None,
        admin_user_password: str | None = None,
        admin_user_ssh_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: dict[str, Any] | None = None,
        description: str | None = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: str | None = None,
        identity_id: list[str] | None = None,
        compute_location: str | None = None,
        enable_node_public_ip: bool = True,
    ) -> None:
        super().__init__("AmlCompute", compute_location)
        self.vm_size = vm_size
        self.vm_priority = vm_priority
        self.scale_settings = ScaleSettings(min_nodes, max_nodes, idle_seconds_before_scaledown)
        self.admin_username = admin_username
        self.admin_user_password = admin_user_password
        self.admin_user_ssh_key = admin_user_ssh_key
        self.vnet_resourcegroup_name = vnet_resourcegroup_name
        self.vnet_name = vnet_name
        self.subnet_name = subnet_name
        self.tags = tags
        self.description = description
        self.remote_login_port_public_access = remote_login_port_public_access
        self.identity_type = identity_type
        self.identity_id = identity_id
        self.compute_location = compute_location
        self.enable_node_public_ip = enable_node_public_ip
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: One of them cannot; says which.
        """
        check_scale(self.scale_settings)
        _is_low(self.vm_priority)
        self._check_login()
        check_network(
            vnet_resourcegroup_name=self.vnet_resourcegroup_name,
            vnet_name=self.vnet_name,
            subnet_name=self.subnet_name,
        )
        check_identity(self.identity_type, self.identity_id)

    def _order(self, name: str) -> ComputeIn:
        scale = self.scale_settings
        return ComputeIn(
            name=name,
            kind="cluster",
            type="AmlCompute",
            location=self.location or "",
            vm_size=self.vm_size or "",
            low_priority=_is_low(self.vm_priority),
            scale=wire_scale(scale),
            description=self.description or "",
            tags=text_pairs(self.tags, "tags"),
            settings=given(
                admin_username=self.admin_username,
                vnet_resourcegroup_name=self.vnet_resourcegroup_name,
                vnet_name=self.vnet_name,
                subnet_name=self.subnet_name,
                remote_login_port_public_access=self.remote_login_port_public_access,
                identity_type=self.identity_type,
                identity_id=self.identity_id,
            ),
        )

    def _check_login(self) -> None:
        secrets = [one for one in (self.admin_user_password, self.admin_user_ssh_key) if one]
        if not self.admin_username:
            if secrets:
                raise ComputeTargetException(
                    "`admin_username` must be given with `admin_user_password` or "
                    "`admin_user_ssh_key`."
                )
            return
        if not secrets:
            raise ComputeTargetException(
                "`admin_username` needs `admin_user_password` or `admin_user_ssh_key`."
            )
        if self.admin_user_password and not _is_strong(self.admin_user_password):
            raise ComputeTargetException(
                "`admin_user_password` must have three of these: a small letter, a capital "
                "letter, a digit, a special character."
            )


def check_scale(scale: ScaleSettings) -> None:
    """Refuse numbers of nodes that cannot be.

    Raises:
        ComputeTargetException: One of them cannot; says which.
    """
    low, high = scale.minimum_node_count, scale.maximum_node_count
    if high is None:
        raise ComputeTargetException("`max_nodes` must be given: how many nodes there may be.")
    for name, count in (("min_nodes", low), ("max_nodes", high)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ComputeTargetException(
                f"`{name}` must be a whole number from 0 on, not {count!r}."
            )
    if low > high:
        raise ComputeTargetException(
            f"`min_nodes` is {low}, more than the {high} of `max_nodes`: it must not be greater."
        )


def wire_scale(scale: ScaleSettings) -> Scale:
    """Return the scale as the server takes it."""
    check_scale(scale)
    idle = scale.idle_seconds_before_scaledown
    return Scale(
        min_nodes=scale.minimum_node_count,
        max_nodes=scale.maximum_node_count or 0,
        idle_seconds=float(_DEFAULT_IDLE if idle is None else idle),
    )


def _is_low(priority: Any) -> bool:
    found = _PRIORITIES.get(str(priority or "dedicated").lower())
    if found is None:
        raise ComputeTargetException(
            f"`vm_priority` is {priority!r}; `dedicated` or `lowpriority` is expected."
        )
    return found


def _is_strong(password: str) -> bool:
    return sum(any(one in kind for one in password) for kind in _CLASSES) >= _NEEDED_CLASSES
