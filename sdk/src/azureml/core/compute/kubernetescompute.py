"""Clusters of Kubernetes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core._run_base import iso
from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute._documents import moment
from azureml.core.compute._resources import check_identity
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeOut

__all__ = [
    "KubernetesCompute",
    "KubernetesComputeAttachConfiguration",
    "KubernetesComputeStatus",
]

_PART = r"[\w\-.]+"
_ID = re.compile(
    rf"/subscriptions/{_PART}/resourceGroups/{_PART}/providers/"
    rf"(?:Microsoft\.ContainerService/managedClusters|Microsoft\.Kubernetes/connectedClusters)"
    rf"/{_PART}",
    re.IGNORECASE,
)


class KubernetesCompute(ComputeTarget):
    """A cluster of Kubernetes.

    Example:
        >>> cluster = KubernetesCompute.attach_configuration(
        ...     resource_id="/subscriptions/…/managedClusters/mine", namespace="ml"
        ... )
        >>> ComputeTarget.attach(workspace, "mine", cluster)
    """

    _compute_type = "Kubernetes"
    _REMOVED_BY = ("detach",)

    namespace: str | None
    default_instance_type: str | None
    instance_types: dict[str, Any] | None
    identity: dict[str, Any] | None
    status: KubernetesComputeStatus | None

    @staticmethod
    def attach_configuration(
        resource_id: str | None = None,
        namespace: str | None = None,
        identity_type: str | None = None,
        identity_ids: list[str] | None = None,
        *,
        kubeconfig: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> KubernetesComputeAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            resource_id: Its id in Azure, of AKS or of Arc; the server knows the cluster by the
                name at its end.
            namespace: Where runs belong there.
            identity_type: Kept; there are no identities outside of Azure.
            identity_ids: Kept.
            kubeconfig: The path of a file that opens any cluster; then no id is needed.
            settings: How its pods are made, such as `{"server_url": …, "image": …}`.

        Raises:
            ComputeTargetException: The id is none of such a cluster, or the file is unreadable.
        """
        return KubernetesComputeAttachConfiguration(
            resource_id,
            namespace,
            identity_type,
            identity_ids,
            kubeconfig=kubeconfig,
            settings=settings,
        )

    def get_status(self) -> KubernetesComputeStatus | None:
        """Return how the cluster is."""
        self.refresh_state()
        return self.status

    def get(self) -> dict[str, Any]:
        """Return the cluster under v1's keys, as the server has it now."""
        self.refresh_state()
        return self.serialize()

    def _document(self, workspace: Any, found: ComputeOut) -> dict[str, Any]:
        document = super()._document(workspace, found)
        document["properties"]["status"] = {
            "creationTime": iso(found.created_at),
            "modifiedTime": iso(found.updated_at),
            "provisioningState": found.state,
        }
        kind = found.settings.get("identity_type")
        ids = found.settings.get("identity_ids")
        document["identity"] = kind and {"type": kind, "userAssignedIdentities": ids}
        return document

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        settings = found.settings
        return {
            "namespace": settings.get("namespace"),
            "defaultInstanceType": settings.get("default_instance_type"),
            "instanceTypes": settings.get("instance_types"),
        }

    def _take(self, workspace: Any, document: dict[str, Any]) -> None:
        super()._take(workspace, document)
        self.identity = document.get("identity")
        self.status = KubernetesComputeStatus.deserialize(document["properties"].get("status"))

    def _take_details(self, details: dict[str, Any]) -> None:
        self.namespace = details.get("namespace")
        self.default_instance_type = details.get("defaultInstanceType")
        self.instance_types = details.get("instanceTypes")


class KubernetesComputeAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `KubernetesCompute.attach_configuration` says."""

    def __init__(
        self,
        resource_id: str | None = None,
        namespace: str | None = None,
        identity_type: str | None = None,
        identity_ids: list[str] | None = None,
        *,
        kubeconfig: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__("Kubernetes")
        self.resource_id = resource_id
        self.namespace = namespace
        self.identity_type = identity_type
        self.identity_ids = identity_ids
        self.settings = dict(settings or {})
        self._kubeconfig = _read(kubeconfig) if kubeconfig else ""
        self.validate_configuration()

    def to_dict(self) -> dict[str, Any]:
        """Return what was given."""
        return {
            "resource_id": self.resource_id,
            "namespace": self.namespace,
            "identity_type": self.identity_type,
            "identity_ids": self.identity_ids,
        }

    def validate_configuration(self) -> None:
        """Refuse what names no cluster.

        Raises:
            ComputeTargetException: The id is missing or of something else.
        """
        is_known = bool(self._kubeconfig) and not self.resource_id
        if not is_known and not _ID.fullmatch(self.resource_id or ""):
            raise ComputeTargetException(
                f"`resource_id` is {self.resource_id!r}, which names no cluster: expected is "
                "/subscriptions/…/resourceGroups/…/providers/"
                "Microsoft.ContainerService/managedClusters/… or "
                "…/Microsoft.Kubernetes/connectedClusters/…."
            )
        check_identity(self.identity_type, self.identity_ids)

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="kubernetes",
            type="Kubernetes",
            settings={**self.settings, **given(**self.to_dict())},
            credential=given(kubeconfig=self._kubeconfig or None),
        )


def _read(path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise ComputeTargetException(f"The kubeconfig cannot be read: {error}.") from error


class KubernetesComputeStatus:
    """How a cluster of Kubernetes is."""

    def __init__(self, creation_time: Any, modified_time: Any, provisioning_state: str) -> None:
        self.creation_time = creation_time
        self.modified_time = modified_time
        self.provisioning_state = provisioning_state

    def serialize(self) -> dict[str, Any]:
        """Return it under v1's keys."""
        return {
            "creationTime": self.creation_time and self.creation_time.isoformat(),
            "modifiedTime": self.modified_time and self.modified_time.isoformat(),
            "provisioningState": self.provisioning_state,
        }

    @staticmethod
    def deserialize(object_dict: dict[str, Any] | None) -> KubernetesComputeStatus | None:
        """Return what `serialize` wrote; None for nothing."""
        if not object_dict:
            return None
        return KubernetesComputeStatus(
            moment(object_dict.get("creationTime")),
            moment(object_dict.get("modifiedTime")),
            object_dict.get("provisioningState", ""),
        )
