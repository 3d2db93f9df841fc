"""Databricks workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from azureml.core.compute._attached_resources import ResourceAttachConfiguration
from azureml.core.compute._configurations import given
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeIn

__all__ = ["DatabricksAttachConfiguration", "DatabricksCompute"]

_REACHED = "databricks"


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
        workspace_url: str | None = None,
        existing_cluster_id: str | None = None,
        new_cluster: dict[str, Any] | None = None,
        server_url: str | None = None,
    ) -> DatabricksAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Without `workspace_url` its name is kept alone, and runs of Spark execute on the machine
        of the server.

        Args:
            resource_group: Where it is in Azure.
            workspace_name: Its name there.
            resource_id: Its id, instead of both.
            access_token: What opens it; kept encrypted.
            workspace_url: Where it is, such as `https://adb-1.2.azuredatabricks.net`: runs
                execute there. (zaffre's own, as what follows.)
            existing_cluster_id: The cluster of runs; or
            new_cluster: what a cluster for each run is made of, as the Jobs API of Databricks
                has it.
            server_url: Where clusters reach the server, if not where it says itself.

        Raises:
            ComputeTargetException: It is not named in exactly one of these ways, or its cluster
                is not.
        """
        return DatabricksAttachConfiguration(
            resource_group,
            workspace_name,
            resource_id,
            access_token,
            workspace_url=workspace_url,
            existing_cluster_id=existing_cluster_id,
            new_cluster=new_cluster,
            server_url=server_url,
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
        *,
        workspace_url: str | None = None,
        existing_cluster_id: str | None = None,
        new_cluster: dict[str, Any] | None = None,
        server_url: str | None = None,
    ) -> None:
        self.access_token = access_token
        self.workspace_url = workspace_url
        self.existing_cluster_id, self.new_cluster = existing_cluster_id, new_cluster
        self.server_url = server_url
        super().__init__(
            "Databricks",
            resource_id=resource_id,
            resource_group=resource_group,
            workspace_name=workspace_name,
        )

    def validate_configuration(self) -> None:
        """Refuse what is not named in exactly one way.

        Raises:
            ComputeTargetException: It is not; or no cluster, or two, are said of an address, or
                one without an address.
        """
        if self.workspace_url is None:
            super().validate_configuration()
            if self.existing_cluster_id or self.new_cluster or self.server_url:
                raise ComputeTargetException(
                    "`existing_cluster_id`, `new_cluster` and `server_url` need a `workspace_url`."
                )
        elif bool(self.existing_cluster_id) == bool(self.new_cluster):
            raise ComputeTargetException(
                "With `workspace_url` either `existing_cluster_id` or `new_cluster` must be "
                "given: where runs execute."
            )
        elif not self.access_token:
            raise ComputeTargetException("With `workspace_url` an `access_token` must be given.")

    def _order(self, name: str) -> ComputeIn:
        order = super()._order(name)
        if self.workspace_url is None:
            return order
        there: dict[str, Any] = given(
            workspace_url=self.workspace_url,
            existing_cluster_id=self.existing_cluster_id,
            new_cluster=self.new_cluster,
            server_url=self.server_url,
        )
        return replace(order, kind=_REACHED, settings={**order.settings, **there})

    def _secrets(self) -> dict[str, str]:
        return given(access_token=self.access_token)
