"""Data Lake Analytics, known by name."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._attached_resources import ResourceAttachConfiguration
from azureml.core.compute.compute import ComputeTarget

__all__ = ["AdlaCompute", "DataLakeAnalyticsAttachConfiguration"]


class AdlaCompute(ComputeTarget):
    """An account of Data Lake Analytics: it is listed, and nothing executes there."""

    _compute_type = "DataLakeAnalytics"
    _REMOVED_BY = ("detach",)

    @staticmethod
    def attach(workspace: Any, name: str, resource_id: str) -> Any:
        """Attach what has that id; the older way."""
        configuration = AdlaCompute.attach_configuration(resource_id=resource_id)
        return ComputeTarget.attach(workspace, name, configuration)

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        account_name: str | None = None,
        resource_id: str | None = None,
    ) -> DataLakeAnalyticsAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            resource_group: Where it is in Azure.
            account_name: Its name there.
            resource_id: Its id, instead of both.

        Raises:
            ComputeTargetException: It is not named in exactly one of these ways.
        """
        return DataLakeAnalyticsAttachConfiguration(resource_group, account_name, resource_id)


class DataLakeAnalyticsAttachConfiguration(ResourceAttachConfiguration):
    """What is attached; as `AdlaCompute.attach_configuration` says."""

    _PROVIDER = "Microsoft.DataLakeAnalytics"

    account_name: str | None

    def __init__(
        self,
        resource_group: str | None = None,
        account_name: str | None = None,
        resource_id: str | None = None,
    ) -> None:
        super().__init__(
            "DataLakeAnalytics",
            resource_id=resource_id,
            resource_group=resource_group,
            account_name=account_name,
        )
