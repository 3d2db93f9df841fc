"""Clusters: nodes that come when runs wait, and leave when they are idle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of
from azureml.core._unsupported import unsupported
from azureml.core.compute import _sizes
from azureml.core.compute._active_runs import active_runs
from azureml.core.compute._cluster_configuration import (
    AmlComputeProvisioningConfiguration,
    wire_scale,
)
from azureml.core.compute._cluster_documents import (
    details_of,
    identity_of,
    node_of,
    status_of,
)
from azureml.core.compute._cluster_status import (
    AmlComputeNodeStateCounts,
    AmlComputeStatus,
    ScaleSettings,
)
from azureml.core.compute._following import Progress
from azureml.core.compute._resources import check_identity
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.client.settling import settled
from zaffre_sdk.wire.computes import ComputeChange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zaffre_sdk.wire.computes import ComputeOut

__all__ = [
    "AmlCompute",
    "AmlComputeNodeStateCounts",
    "AmlComputeProvisioningConfiguration",
    "AmlComputeStatus",
    "ScaleSettings",
]

_SECONDS_PER_MINUTE = 60


class AmlCompute(ComputeTarget):
    """A cluster: nodes of this machine, each of which executes one run.

    Example:
        >>> size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
        >>> cluster = ComputeTarget.create(workspace, "cpu-cluster", size)
        >>> cluster.wait_for_completion(show_output=True)
    """

    _compute_type = "AmlCompute"
    _REMOVED_BY = ("delete",)

    vm_size: str
    vm_priority: str
    scale_settings: ScaleSettings | None
    status: AmlComputeStatus | None
    admin_username: str | None
    admin_user_password: str | None = None
    admin_user_ssh_key: str | None = None
    vnet_resourcegroup_name: str | None
    vnet_name: str | None
    subnet_name: str | None
    remote_login_port_public_access: str | None
    identity_type: str | None
    identity_id: list[str] | None

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: float | None = 1800,
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
        location: str | None = None,
        enable_node_public_ip: bool = True,
    ) -> AmlComputeProvisioningConfiguration:
        """Return what `ComputeTarget.create` makes a cluster of.

        Args:
            vm_size: Such as `STANDARD_D2_V2`: says how many cores and how much memory a node has;
                without one a run may use the whole machine.
            vm_priority: `dedicated`, or `lowpriority`: then nodes may be taken away for others.
            min_nodes: Kept even when nothing runs.
            max_nodes: Never more than these.
            idle_seconds_before_scaledown: A node beyond the minimum leaves after that.
            admin_username: Kept; nobody logs in on the nodes.
            admin_user_password: Checked, and not sent.
            admin_user_ssh_key: Accepted, and not sent.
            vnet_resourcegroup_name: Kept, as are the other parts of a network.
            vnet_name: Kept.
            subnet_name: Kept.
            tags: The tags.
            description: What it is for.
            remote_login_port_public_access: Kept.
            identity_type: Kept; there are no identities outside of Azure.
            identity_id: Kept.
            location: Any text.
            enable_node_public_ip: Accepted.

        Raises:
            ComputeTargetException: A value cannot be; says which.
        """
        return AmlComputeProvisioningConfiguration(
            vm_size,
            vm_priority,
            min_nodes,
            max_nodes,
            idle_seconds_before_scaledown,
            admin_username,
            admin_user_password,
            admin_user_ssh_key,
            vnet_resourcegroup_name,
            vnet_name,
            subnet_name,
            tags,
            description,
            remote_login_port_public_access,
            identity_type,
            identity_id,
            location,
            enable_node_public_ip,
        )

    def wait_for_completion(  # type: ignore[override] # Microsoft's signature
        self,
        show_output: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: float = 25,
        is_delete_operation: bool = False,
    ) -> None:
        """Wait until the cluster has as many nodes as it should have, or is gone.

        Args:
            show_output: Print its states.
            min_node_count: The nodes to wait for; `min_nodes` of the cluster without.
            timeout_in_minutes: How long to wait at most; it is said, and nothing is raised.
            is_delete_operation: Wait until it is gone.

        Raises:
            ComputeTargetException: It failed, and why; or it is gone and was not to be.
        """
        if is_delete_operation:
            super().wait_for_completion(show_output, is_delete_operation)
            return
        progress = Progress(show_output)
        self._wait(progress)
        wanted = min_node_count or (
            self.scale_settings.minimum_node_count if self.scale_settings else 0
        )
        reached = self._wait_for_nodes(wanted, progress, timeout_in_minutes * _SECONDS_PER_MINUTE)
        progress.say("AmlCompute wait for completion finished\n")
        if reached:
            progress.say("Minimum number of nodes requested have been provisioned")
        else:
            progress.say(
                f"Wait timeout has been reached: {self._ready()} of {wanted} nodes are ready"
            )

    def get_status(self) -> AmlComputeStatus | None:
        """Return how the cluster is, and its nodes."""
        self.refresh_state()
        return self.status

    def get(self) -> dict[str, Any]:
        """Return the cluster under v1's keys, as the server has it now."""
        self.refresh_state()
        return self.serialize()

    def update(
        self,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: float | None = None,
    ) -> None:
        """Change what is given of the scale; the rest stays.

        Raises:
            ComputeTargetException: There would be more nodes at least than at most.
        """
        if min_nodes is None and max_nodes is None and idle_seconds_before_scaledown is None:
            return
        self.refresh_state()
        now = self.scale_settings or ScaleSettings(0, None, None)
        scale = ScaleSettings(
            now.minimum_node_count if min_nodes is None else min_nodes,
            now.maximum_node_count if max_nodes is None else max_nodes,
            now.idle_seconds_before_scaledown
            if idle_seconds_before_scaledown is None
            else idle_seconds_before_scaledown,
        )
        self._change(ComputeChange(scale=wire_scale(scale)))

    def add_identity(self, identity_type: str, identity_id: list[str] | None = None) -> None:
        """Keep an identity with the cluster; there are none outside of Azure to use.

        Raises:
            ComputeTargetException: The type is not known, or does not go with the ids.
        """
        check_identity(identity_type, identity_id)
        self._identify(identity_type, identity_id)

    def remove_identity(self, identity_id: list[str] | None = None) -> None:
        """Forget these identities of the cluster; all of them without any.

        Raises:
            ComputeTargetException: It has none.
        """
        self.refresh_state()
        if self.identity_type is None:
            raise ComputeTargetException(f"The cluster `{self.name}` has no identity to remove.")
        left = [one for one in self.identity_id or [] if identity_id and one not in identity_id]
        self._identify(self.identity_type if left else None, left or None)

    def list_nodes(self) -> list[dict[str, Any]]:
        """Return the nodes: their states, and the runs that they execute."""
        return [node_of(node) for node in nouns_of(self.workspace).computes.nodes(self.name)]

    def get_active_runs(
        self,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        status: str | None = None,
    ) -> Iterator[Any]:
        """Yield the runs of the cluster that have not ended, newest first.

        Args:
            type: A kind of runs, such as `azureml.scriptrun`.
            tags: A key, or several, each alone or with its value.
            properties: As `tags`.
            status: `Running` or `Queued`; both without.
        """
        return active_runs(self, type, tags, properties, status)

    @staticmethod
    def supported_vmsizes(workspace: Any, location: str | None = None) -> list[dict[str, Any]]:
        """Return the sizes that nodes may have, with their cores and memory."""
        return _sizes.supported_sizes(workspace)

    @staticmethod
    def list_usages(
        workspace: Any, show_all: bool = False, location: str | None = None
    ) -> list[dict[str, Any]]:
        """Return how many cores the nodes of the workspace have, by family of sizes.

        Args:
            workspace: The workspace.
            show_all: List those of every compute target as well.
            location: Accepted.
        """
        return _sizes.usages(workspace, each=show_all)

    @staticmethod
    def list_quotas(workspace: Any, location: str | None = None) -> list[dict[str, Any]]:
        """Return the limits by family of sizes: -1, since there are none of that kind."""
        return _sizes.quotas(workspace)

    update_quotas = staticmethod(
        unsupported(
            "AmlCompute.update_quotas",
            "Families of sizes have no limits here: `max_nodes` limits a cluster, and "
            "`zaffre compute update --max-running-per-user` what one person executes there.",
        )
    )

    def _document(self, workspace: Any, found: ComputeOut) -> dict[str, Any]:
        document = super()._document(workspace, found)
        document["properties"]["status"] = status_of(found)
        document["identity"] = identity_of(found)
        return document

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        return details_of(found)

    def _take(self, workspace: Any, document: dict[str, Any]) -> None:
        super()._take(workspace, document)
        self.status = AmlComputeStatus.deserialize(document["properties"].get("status"))
        identity = document.get("identity") or {}
        self.identity_type = identity.get("type")
        self.identity_id = identity.get("userAssignedIdentities")

    def _take_details(self, details: dict[str, Any]) -> None:
        self.vm_size, self.vm_priority = details.get("vmSize", ""), details.get("vmPriority", "")
        self.scale_settings = ScaleSettings.deserialize(details.get("scaleSettings"))
        self.admin_username = (details.get("userAccountCredentials") or {}).get("adminUserName")
        network = details.get("subnet") or {}
        self.vnet_resourcegroup_name = network.get("vnet_resourcegroup_name")
        self.vnet_name, self.subnet_name = network.get("vnet_name"), network.get("subnet_name")
        self.remote_login_port_public_access = details.get("remoteLoginPortPublicAccess")

    def _wait_for_nodes(self, wanted: int, progress: Progress, seconds: float) -> bool:
        def look() -> int:
            self.refresh_state()
            ready = self._ready()
            if ready < wanted:
                progress.saw(f"Waiting for cluster to scale. {ready} out of {wanted} nodes ready.")
            return ready

        return settled(look, lambda ready: ready >= wanted, seconds=seconds) >= wanted

    def _ready(self) -> int:
        counts = self.status.node_state_counts if self.status else None
        return counts.idle_node_count + counts.running_node_count if counts else 0

    def _identify(self, kind: str | None, ids: list[str] | None) -> None:
        settings = dict(nouns_of(self.workspace).computes.get(self.name).settings)
        settings.update(identity_type=kind, identity_id=ids)
        left = {key: value for key, value in settings.items() if value}
        self._change(ComputeChange(settings=left))

    def _change(self, change: ComputeChange) -> None:
        self._become(nouns_of(self.workspace).computes.change(self.name, change))
