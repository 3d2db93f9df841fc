"""Databricks workspaces."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._attached_resources import ResourceAttachConfiguration
from azureml.core.compute._configurations import given
from azureml.core.compute.compute import ComputeTarget

__all__ = ["DatabricksAttachConfiguration", "DatabricksCompute"]


class DatabricksCompute(ComputeTarget):
    """A workspace of Databricks.

    Example:
        >>> bricks = DatabricksCompute.attach_configuration(
        ...     resource_group="group", workspace_name="bricks", access_token="…"
        ... )
        >>> ComputeTarget.attach(workspace, "bricks", bricks).wait_for_completion(True)
    """

    _compute_type = "Databricks"
    _REMOVED_BY = ("detach",)

    @staticmethod
    def attach(  # type: ignore[override] # as v1 had it before configurations
        workspace: Any, name: str, resource_id: str, access_token: str
    ) -> Any:
        """Attach the workspace of that id; the older way."""
        configuration = DatabricksCompute.attach_configuration(
            resource_id=resource_id, access_token=access_token
        )
        return ComputeTarget.attach(workspace, name, configuration)

    @staticmethod
    def attach_configuration(
        resource_group: str | None = None,
        workspace_name: str | None = None,
        resource_id: str | None = None,
        access_token: str = "",
    ) -> DatabricksAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            resource_group: Where it is in Azure.
            workspace_name: Its name there.
            resource_id: Its id, instead of both.
            access_token: What opens it; kept encrypted.

        Raises:
            ComputeTargetException: It is not named in exactly one of these ways.
        """
        return DatabricksAttachConfiguration(
            resource_group, workspace_name, resource_id, access_token
        )

    def get_credentials(self) -> dict[str, Any]:
        """Return the token, in the program that attached the workspace.

        Raises:
            ComputeTargetException: Another program did; the server tells no secrets.
        """
        return {"computeType": self.type, "databricksAccessToken": self._secret("access_token")}


class DatabricksAttachConfiguration(ResourceAttachConfiguration):
    """What is attached; as `DatabricksCompute.attach_configuration` says."""

    _KIND = "spark"
    _PROVIDER = "Microsoft.Databricks"

    workspace_name: str | None

    def __init__(
        self,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        resource_id: str | None = None,
        access_token: str = "",
    ) -> None:
        self.access_token = access_token
        super().__init__(
            "Databricks",
            resource_id=resource_id,
            resource_group=resource_group,
            workspace_name=workspace_name,
        )

    def _secrets(self) -> dict[str, str]:
        return given(access_token=self.access_token)
