"""Databricks workspaces."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute._resources import check_resource
from azureml.core.compute.compute import ComputeTarget
from zaffre_sdk.wire.computes import ComputeIn

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


class DatabricksAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `DatabricksCompute.attach_configuration` says."""

    def __init__(
        self,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        resource_id: str | None = None,
        access_token: str = "",
    ) -> None:
        super().__init__("Databricks")
        self.resource_group = resource_group
        self.workspace_name = workspace_name
        self.resource_id = resource_id
        self.access_token = access_token
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what is not named in exactly one way.

        Raises:
            ComputeTargetException: It is not.
        """
        check_resource(
            self.resource_id,
            "Microsoft.Databricks",
            resource_group=self.resource_group,
            workspace_name=self.workspace_name,
        )

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="spark",
            type="Databricks",
            settings=given(
                resource_group=self.resource_group,
                workspace_name=self.workspace_name,
                resource_id=self.resource_id,
            ),
            credential=given(access_token=self.access_token),
        )
