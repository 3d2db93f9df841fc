"""Azure Data Factory, known by name."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._attached_resources import ResourceAttachConfiguration
from azureml.core.compute._configurations import ComputeTargetProvisioningConfiguration
from azureml.core.compute.compute import ComputeTarget
from zaffre_sdk.wire.computes import ComputeIn

__all__ = [
    "DataFactoryAttachConfiguration",
    "DataFactoryCompute",
    "DataFactoryProvisioningConfiguration",
]


class DataFactoryCompute(ComputeTarget):
    """A data factory: it is listed, and nothing executes there."""

    _compute_type = "DataFactory"
    _REMOVED_BY = ("delete", "detach")

    @staticmethod
    def attach(workspace: Any, name: str, resource_id: str) -> Any:
        """Attach what has that id; the older way."""
        configuration = DataFactoryCompute.attach_configuration(resource_id=resource_id)
        return ComputeTarget.attach(workspace, name, configuration)

    @staticmethod
    def provisioning_configuration(
        location: str | None = None,
    ) -> DataFactoryProvisioningConfiguration:
        """Return what `ComputeTarget.create` makes a data factory of, in name."""
        return DataFactoryProvisioningConfiguration(location)

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        factory_name: str | None = None,
        resource_id: str | None = None,
    ) -> DataFactoryAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            resource_group: Where it is in Azure.
            factory_name: Its name there.
            resource_id: Its id, instead of both.

        Raises:
            ComputeTargetException: It is not named in exactly one of these ways.
        """
        return DataFactoryAttachConfiguration(resource_group, factory_name, resource_id)


class DataFactoryAttachConfiguration(ResourceAttachConfiguration):
    """What is attached; as `DataFactoryCompute.attach_configuration` says."""

    _PROVIDER = "Microsoft.DataFactory"

    factory_name: str | None

    def __init__(
        self,
        resource_group: str | None = None,
        factory_name: str | None = None,
        resource_id: str | None = None,
    ) -> None:
        super().__init__(
            "DataFactory",
            resource_id=resource_id,
            resource_group=resource_group,
            factory_name=factory_name,
        )


class DataFactoryProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What a data factory is asked for: nothing but where."""

    def __init__(self, location: str | None) -> None:
        super().__init__("DataFactory", location)

    def validate_configuration(self) -> None:
        """Do nothing: any location will do."""

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name, kind="linked", type="DataFactory", location=self.location or ""
        )
