"""Compute instances: places to work in, with Jupyter."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of
from azureml.core._run_base import iso
from azureml.core.compute import _sizes
from azureml.core.compute._active_runs import active_runs
from azureml.core.compute._documents import errors_of
from azureml.core.compute._following import Progress
from azureml.core.compute._instance_configuration import ComputeInstanceProvisioningConfiguration
from azureml.core.compute._instance_status import ComputeInstanceStatus
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.client.settling import settled
from zaffre_sdk.wire.computes import ComputeChange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zaffre_sdk.wire.computes import ComputeOut

__all__ = ["ComputeInstance", "ComputeInstanceProvisioningConfiguration", "ComputeInstanceStatus"]

_DOCS_URL = (
    "https://learn.microsoft.com/python/api/azureml-core/"
    "azureml.core.compute.computeinstance.ComputeInstance"
)
_RESTING = frozenset({"Running", "Stopped"})
_FAILED = frozenset({"SetupFailed", "CreateFailed"})
_MOVING = frozenset({"Creating", "Deleting"})


class ComputeInstance(ComputeTarget):
    """A place to work in: JupyterLab on the server's machine, and one run at a time.

    Example:
        >>> size = ComputeInstance.provisioning_configuration(vm_size="STANDARD_D2_V2")
        >>> instance = ComputeTarget.create(workspace, "mine", size)
        >>> instance.wait_for_completion(show_output=True)
        >>> print(instance.applications)
    """

    _compute_type = "ComputeInstance"
    _REMOVED_BY = ("delete",)

    vm_size: str
    ssh_public_access: bool
    admin_username: str | None = None
    admin_user_ssh_public_key: str | None
    ssh_port: int | None = None
    vnet_resourcegroup_name: str | None
    vnet_name: str | None
    subnet_name: str | None
    subnet_id: str | None = None
    status: ComputeInstanceStatus
    public_ip_address: str | None = None
    private_ip_address: str | None = None
    applications: list[dict[str, str]]
    errors: list[Any] | None
    assigned_user_object_id: str | None
    assigned_user_tenant_id: str | None

    @classmethod
    def get_docs_url(cls) -> str:
        """Return where v1 instances are documented."""
        return _DOCS_URL

    @staticmethod
    def provisioning_configuration(
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
    ) -> ComputeInstanceProvisioningConfiguration:
        """Return what `ComputeTarget.create` makes an instance of.

        Args:
            vm_size: Such as `STANDARD_D2_V2`: how many cores and how much memory its runs have.
            ssh_public_access: Kept; instances are reached through the server.
            admin_user_ssh_public_key: Kept.
            vnet_resourcegroup_name: Kept, as are the other parts of a network.
            vnet_name: Kept.
            subnet_name: Kept.
            tags: The tags.
            description: What it is for.
            assigned_user_object_id: Kept.
            assigned_user_tenant_id: Kept.

        Raises:
            ComputeTargetException: A value cannot be; says which.
        """
        return ComputeInstanceProvisioningConfiguration(
            vm_size,
            ssh_public_access,
            admin_user_ssh_public_key,
            vnet_resourcegroup_name,
            vnet_name,
            subnet_name,
            tags,
            description,
            assigned_user_object_id,
            assigned_user_tenant_id,
        )

    def wait_for_completion(
        self, show_output: bool = False, is_delete_operation: bool = False
    ) -> None:
        """Wait until the instance runs, or was stopped; or until it is gone.

        Args:
            show_output: Print its states.
            is_delete_operation: Wait until it is gone.

        Raises:
            ComputeTargetException: It failed, and why; or it is gone and was not to be.
        """
        if is_delete_operation:
            super().wait_for_completion(show_output, is_delete_operation)
            return
        self._wait_until_at_rest(Progress(show_output))

    def get_status(self) -> ComputeInstanceStatus:
        """Return how the instance is."""
        self.refresh_state()
        return self.status

    def get(self) -> dict[str, Any]:
        """Return the instance under v1's keys, as the server has it now."""
        self.refresh_state()
        return self.serialize()

    def start(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Start the instance.

        Args:
            wait_for_completion: Return when it runs.
            show_output: Print its states meanwhile.

        Raises:
            ComputeTargetException: It runs, or could not be started.
        """
        self._turn("start", wait_for_completion, show_output)

    def stop(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Stop the instance; its files stay. Arguments as those of `start`."""
        self._turn("stop", wait_for_completion, show_output)

    def restart(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Stop the instance and start it again. Arguments as those of `start`."""
        self._turn("restart", wait_for_completion, show_output)

    def delete(self, wait_for_completion: bool = False, show_output: bool = False) -> None:
        """Delete the instance; notebooks stay in the workspace.

        Args:
            wait_for_completion: Return when it is gone.
            show_output: Print its states meanwhile.

        Raises:
            ComputeTargetException: Runs execute there.
        """
        super().delete()
        if wait_for_completion:
            self.wait_for_completion(show_output, is_delete_operation=True)

    def update_sso_settings(self, value: bool) -> None:
        """Keep whether the instance signs its user in; here it is the server that does."""
        computes = nouns_of(self.workspace).computes
        settings = {**computes.get(self.name).settings, "enable_sso": bool(value)}
        self._become(computes.change(self.name, ComputeChange(settings=settings)))

    def get_active_runs(
        self,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        status: str | None = None,
    ) -> Iterator[Any]:
        """Yield the runs of the instance that have not ended, newest first.

        Args:
            type: A kind of runs, such as `azureml.scriptrun`.
            tags: A key, or several, each alone or with its value.
            properties: As `tags`.
            status: `Running` or `Queued`; both without.
        """
        return active_runs(self, type, tags, properties, status)

    @staticmethod
    def supported_vmsizes(workspace: Any, location: str | None = None) -> list[dict[str, Any]]:
        """Return the sizes that instances may have, with their cores and memory."""
        return _sizes.supported_sizes(workspace)

    def __repr__(self) -> str:
        return json.dumps(self.serialize(), indent=2)

    def __str__(self) -> str:
        return json.dumps(self._main(), indent=2)

    def _repr_html_(self) -> str:
        links = [(one["displayName"], one["endpointUri"]) for one in self.applications]
        words = {key: html.escape(str(value)) for key, value in self._main().items()}
        if links:
            words["Applications"] = " ".join(
                f'<a href="{html.escape(url)}" target="_blank">{html.escape(name)}</a>'
                for name, url in links
            )
        rows = "".join(f"<tr><td>{key}</td><td>{value}</td></tr>" for key, value in words.items())
        return f"<table>{rows}</table>"

    def _main(self) -> dict[str, Any]:
        return {
            "Name": self.name,
            "Id": self.id,
            "Workspace": self.workspace.name,
            "Location": self.location,
            "VmSize": self.vm_size,
            "State": self.status.state,
            "Tags": self.tags,
        }

    def _document(self, workspace: Any, found: ComputeOut) -> dict[str, Any]:
        document = super()._document(workspace, found)
        document["properties"]["status"] = {
            "errors": errors_of(found),
            "creationTime": iso(found.created_at),
            "createdBy": {
                "userObjectId": found.created_by,
                "userTenantId": None,
                "userName": found.created_by,
            },
            "modifiedTime": iso(found.updated_at),
            "state": _state(found),
            "vmSize": found.vm_size.upper(),
        }
        return document

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        settings = found.settings
        return {
            "vmSize": found.vm_size.upper(),  # as Azure answers it, whatever was asked for
            "applications": [
                {"displayName": name, "endpointUri": url} for name, url in found.urls.items()
            ],
            "connectivityEndpoints": {"publicIpAddress": None, "privateIpAddress": None},
            "sshSettings": {
                "sshPublicAccess": "Enabled" if settings.get("ssh_public_access") else "Disabled",
                "adminUserName": None,
                "adminPublicKey": settings.get("admin_user_ssh_public_key"),
                "sshPort": None,
            },
            "personalComputeInstanceSettings": {
                "assignedUser": {
                    "objectId": settings.get("assigned_user_object_id"),
                    "tenantId": settings.get("assigned_user_tenant_id"),
                }
            },
            "subnet": {
                key: settings[key]
                for key in ("vnet_resourcegroup_name", "vnet_name", "subnet_name")
                if key in settings
            },
            "errors": errors_of(found),
        }

    def _take(self, workspace: Any, document: dict[str, Any]) -> None:
        super()._take(workspace, document)
        self.status = ComputeInstanceStatus.deserialize(document["properties"].get("status") or {})

    def _take_details(self, details: dict[str, Any]) -> None:
        ssh, network = details.get("sshSettings") or {}, details.get("subnet") or {}
        user = (details.get("personalComputeInstanceSettings") or {}).get("assignedUser") or {}
        self.vm_size = details.get("vmSize", "")
        self.applications = list(details.get("applications") or [])
        self.errors = details.get("errors")
        self.ssh_public_access = ssh.get("sshPublicAccess") == "Enabled"
        self.admin_user_ssh_public_key = ssh.get("adminPublicKey")
        self.vnet_resourcegroup_name = network.get("vnet_resourcegroup_name")
        self.vnet_name, self.subnet_name = network.get("vnet_name"), network.get("subnet_name")
        self.assigned_user_object_id = user.get("objectId")
        self.assigned_user_tenant_id = user.get("tenantId")

    def _turn(self, how: str, wait: bool, show_output: bool) -> None:
        self._become(getattr(nouns_of(self.workspace).computes, how)(self.name))
        if wait:
            self._wait_until_at_rest(Progress(show_output))

    def _wait_until_at_rest(self, progress: Progress) -> None:
        def look() -> str:
            self.refresh_state()
            progress.saw(self.status.state)
            return self.status.state

        state = settled(look, lambda state: state in _RESTING | _FAILED)
        progress.end()
        if state in _FAILED:
            raise ComputeTargetException(
                f"The compute instance `{self.name}` is `{state}`{self._why()}"
            )


def _state(found: ComputeOut) -> str:
    if found.state == "Failed" and not found.power:
        return "CreateFailed"
    return found.state if found.state in _MOVING else found.power
