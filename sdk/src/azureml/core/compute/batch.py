"""Azure Batch, known by name."""

from __future__ import annotations

from azureml.core.compute._attached_resources import ResourceAttachConfiguration
from azureml.core.compute.compute import ComputeTarget

__all__ = ["BatchAttachConfiguration", "BatchCompute"]


class BatchCompute(ComputeTarget):
    """An account of Azure Batch: it is listed, and nothing executes there."""

    _compute_type = "Batch"
    _REMOVED_BY = ("detach",)

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        account_name: str | None = None,
        resource_id: str | None = None,
    ) -> BatchAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            resource_group: Where it is in Azure.
            account_name: Its name there.
            resource_id: Its id, instead of both.

        Raises:
            ComputeTargetException: It is not named in exactly one of these ways.
        """
        return BatchAttachConfiguration(resource_group, account_name, resource_id)


class BatchAttachConfiguration(ResourceAttachConfiguration):
    """What is attached; as `BatchCompute.attach_configuration` says."""

    _PROVIDER = "Microsoft.Batch"

    account_name: str | None

    def __init__(
        self,
        resource_group: str | None = None,
        account_name: str | None = None,
        resource_id: str | None = None,
    ) -> None:
        super().__init__(
            "Batch",
            resource_id=resource_id,
            resource_group=resource_group,
            account_name=account_name,
        )
