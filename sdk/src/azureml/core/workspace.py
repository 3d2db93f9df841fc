"""Workspaces: where experiments, models, environments and web services belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _config, _late
from azureml.core._errors import guarded
from azureml.core._nouns import Nouns
from azureml.core._run_base import iso, text_pairs
from azureml.core._unsupported import unsupported
from azureml.core._workspaces import connected, find
from azureml.core.compute._defaults import DefaultConfiguration, create_defaults, default_target
from azureml.exceptions import WorkspaceException
from zaffre_sdk.tracking.mlflow_client import Scope, give_token, tracking_uri
from zaffre_sdk.wire.workspaces import WorkspaceChange, WorkspaceIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zaffre_sdk.wire.workspaces import WorkspaceOut

__all__ = ["Workspace"]

_NOWHERE = "local"
_PROVIDER = "Microsoft.MachineLearningServices"


class Workspace:
    """A workspace that exists.

    Example:
        >>> workspace = Workspace.create("demo", subscription_id="…", resource_group="demo")
        >>> workspace.write_config()

    Args:
        subscription_id: Any text; it is part of the name.
        resource_group: Any text; it is part of the name.
        workspace_name: The name.
        auth: Accepted; the token of the server is what counts.
    """

    DEFAULT_CPU_CLUSTER_NAME = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME = "gpu-cluster"
    DEFAULT_CPU_CLUSTER_CONFIGURATION = DefaultConfiguration("cpu")
    DEFAULT_GPU_CLUSTER_CONFIGURATION = DefaultConfiguration("gpu")

    def __init__(
        self,
        subscription_id: str,
        resource_group: str,
        workspace_name: str,
        auth: Any = None,
        _location: str | None = None,
        _disable_service_check: bool = False,
        _workspace_id: str | None = None,
        sku: str = "basic",
        tags: dict[str, Any] | None = None,
        _cloud: Any = None,
    ) -> None:
        client = connected()
        self._subscription_id = subscription_id
        self._resource_group = resource_group
        self._name = workspace_name
        self._sku = sku
        self._seen: WorkspaceOut | None = None
        if _workspace_id is None:
            self._seen = find(client, subscription_id, resource_group, workspace_name)
            _workspace_id = self._seen.id
        self._nouns = Nouns(client, _workspace_id)

    @staticmethod
    def create(
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: dict[str, Any] | None = None,
        friendly_name: str | None = None,
        storage_account: Any = None,
        key_vault: Any = None,
        app_insights: Any = None,
        container_registry: Any = None,
        adb_workspace: Any = None,
        primary_user_assigned_identity: Any = None,
        cmk_keyvault: Any = None,
        resource_cmk_uri: Any = None,
        hbi_workspace: bool = False,
        default_cpu_compute_target: Any = None,
        default_gpu_compute_target: Any = None,
        private_endpoint_config: Any = None,
        private_endpoint_auto_approval: bool = True,
        exist_ok: bool = False,
        show_output: bool = True,
        user_assigned_identity_for_cmk_encryption: Any = None,
        system_datastores_auth_mode: str = "accessKey",
        v1_legacy_mode: Any = None,
    ) -> Workspace:
        """Create a workspace, or with `exist_ok` return the one that exists.

        What only Azure has (storage accounts, vaults, registries, identities) is accepted and
        not used.

        Raises:
            WorkspaceException: It exists.
        """
        client = connected()
        created = guarded(client.workspaces, WorkspaceException).create(
            WorkspaceIn(
                name=name,
                subscription_id=subscription_id or _NOWHERE,
                resource_group=resource_group or _NOWHERE,
                location=location or "",
                friendly_name=friendly_name or "",
                tags=text_pairs(tags, "tags"),
                exist_ok=exist_ok,
            )
        )
        workspace = Workspace._from_wire(created)
        create_defaults(workspace, cpu=default_cpu_compute_target, gpu=default_gpu_compute_target)
        return workspace

    @staticmethod
    def get(
        name: str,
        auth: Any = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str = "AzureCloud",
        id: str | None = None,
    ) -> Workspace:
        """Return a workspace by name.

        Raises:
            WorkspaceException: There is none, or several; lists what exists.
        """
        return Workspace._from_wire(find(connected(), subscription_id, resource_group, name))

    @staticmethod
    def from_config(
        path: str | None = None,
        auth: Any = None,
        _logger: Any = None,
        _file_name: str | None = None,
    ) -> Workspace:
        """Return the workspace that a configuration file names.

        Args:
            path: The file, or a folder to search from; the present folder without one.
            auth: Accepted.
            _logger: Accepted.
            _file_name: Another name than `config.json`.

        Raises:
            UserErrorException: No such file (names the folders searched), or not a valid one.
        """
        scope = _config.read(path, _file_name)
        return Workspace(
            scope["subscription_id"], scope["resource_group"], scope["workspace_name"], auth
        )

    def write_config(self, path: str | None = None, file_name: str | None = None) -> None:
        """Write the file that `from_config` reads to `<path>/.azureml/<file_name>`."""
        content = {
            "subscription_id": self._subscription_id,
            "resource_group": self._resource_group,
            "workspace_name": self._name,
        }
        _config.write(content, path, file_name)

    @staticmethod
    def list(
        subscription_id: str | None = None, auth: Any = None, resource_group: str | None = None
    ) -> dict[str, Any]:
        """Return the workspaces by name; each name has a list, since groups may share names."""
        found: dict[str, Any] = {}
        workspaces = guarded(connected().workspaces, WorkspaceException)
        for one in workspaces.list(subscription_id=subscription_id, resource_group=resource_group):
            found.setdefault(one.name, []).append(Workspace._from_wire(one))
        return found

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def subscription_id(self) -> str:
        """The subscription."""
        return self._subscription_id

    @property
    def resource_group(self) -> str:
        """The resource group."""
        return self._resource_group

    @property
    def location(self) -> str:
        """The location that was given when it was created."""
        return self._known().location

    @property
    def sku(self) -> str:
        """The edition; there is one."""
        return self._sku

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return dict(self._known().tags)

    @property
    def discovery_url(self) -> str:
        """Where the server is."""
        return self._nouns.url

    @property
    def experiments(self) -> Mapping[str, Any]:
        """The active experiments by name, asked for when they are looked at."""
        found: Mapping[str, Any] = _late.find("azureml.core.experiment", "Experiments")(self)
        return found

    @property
    def models(self) -> dict[str, Any]:
        """The newest version of each model by name."""
        kind = _late.find("azureml.core.model", "Model")
        return {one.name: one for one in kind.list(self, latest=True)}

    @property
    def environments(self) -> dict[str, Any]:
        """The newest version of each registered environment by name."""
        found: dict[str, Any] = _late.find("azureml.core.environment", "Environment").list(self)
        return found

    @property
    def webservices(self) -> dict[str, Any]:
        """The web services by name."""
        kind = _late.find("azureml.core.webservice", "Webservice")
        return {one.name: one for one in kind.list(self)}

    @property
    def compute_targets(self) -> dict[str, Any]:
        """The compute targets by name; `local`, which is always there, has no entry."""
        kind = _late.find("azureml.core.compute.compute", "ComputeTarget")
        return {one.name: one for one in kind.list(self)}

    @property
    def datastores(self) -> dict[str, Any]:
        """The datastores by name."""
        make = _late.find("azureml.data._datastore_kinds", "datastore_of")
        return {one.name: make(self, one) for one in self._nouns.datastores.list()}

    @property
    def datasets(self) -> Mapping[str, Any]:
        """The latest version of each registered dataset by name, asked for when looked at."""
        found: Mapping[str, Any] = _late.find("azureml.core.dataset", "Dataset").get_all(self)
        return found

    @property
    def images(self) -> dict[str, Any]:
        """The images by name: there are none here."""
        return {}

    @property
    def linked_services(self) -> dict[str, Any]:
        """The linked services by name: there are none here."""
        return {}

    @property
    def private_endpoints(self) -> dict[str, Any]:
        """The private endpoints by name: there are none here."""
        return {}

    def get_run(self, run_id: str) -> Any:
        """Return a run by its id."""
        return _late.find("azureml.core.run", "Run").get(self, run_id)

    def get_mlflow_tracking_uri(self, _with_auth: bool = False) -> str:
        """Return where MLflow programs find the workspace, and let those of this process in.

        Example:
            >>> mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri())

        The genuine client reads the token from `MLFLOW_TRACKING_TOKEN`, which is set in this
        process unless the program has set it.
        """
        transport = self._nouns.client.transport
        scope = Scope(self._subscription_id, self._resource_group, self._name)
        give_token(transport.token)
        return tracking_uri(transport.url, scope)

    def get_details(self) -> dict[str, Any]:
        """Return everything about the workspace, under v1's keys."""
        found = self._fresh()
        return {
            "id": f"/subscriptions/{found.subscription_id}/resourceGroups/{found.resource_group}"
            f"/providers/{_PROVIDER}/workspaces/{found.name}",
            "name": found.name,
            "location": found.location,
            "type": f"{_PROVIDER}/workspaces",
            "tags": found.tags,
            "sku": self._sku,
            "workspaceid": found.id,
            "description": found.description,
            "friendlyName": found.friendly_name,
            "creationTime": iso(found.created_at),
            "discoveryUrl": self._nouns.url,
        }

    def update(
        self,
        friendly_name: str | None = None,
        description: str | None = None,
        tags: dict[str, Any] | None = None,
        image_build_compute: Any = None,
        service_managed_resources_settings: Any = None,
        primary_user_assigned_identity: Any = None,
        allow_public_access_when_behind_vnet: Any = None,
        v1_legacy_mode: Any = None,
    ) -> dict[str, Any]:
        """Change what is given and return the details."""
        self._seen = self._nouns.workspaces.change(
            self._nouns.workspace_id,
            WorkspaceChange(
                friendly_name=friendly_name,
                description=description,
                tags=None if tags is None else text_pairs(tags, "tags"),
            ),
        )
        return self.get_details()

    def get_default_datastore(self) -> Any:
        """Return the default datastore."""
        return _late.find("azureml.core.datastore", "Datastore").get_default(self)

    def set_default_datastore(self, name: str) -> None:
        """Make a datastore the default one.

        Raises:
            UserErrorException: There is none of that name; lists those there are.
        """
        self._nouns.datastores.set_default(name)

    def get_default_compute_target(self, type: str) -> Any:
        """Return the default cluster for `CPU` or `GPU`; None when there is none."""
        return default_target(self, type)

    def get_default_keyvault(self) -> Any:
        """Return the vault of the workspace."""
        return _late.find("azureml.core.keyvault", "Keyvault")(self)

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace with everything in it."""
        self._nouns.workspaces.delete(self._nouns.workspace_id)

    def __repr__(self) -> str:
        return (
            f"Workspace.create(name='{self._name}', subscription_id='{self._subscription_id}', "
            f"resource_group='{self._resource_group}')"
        )

    @classmethod
    def _from_wire(cls, found: WorkspaceOut) -> Workspace:
        workspace = cls(
            found.subscription_id, found.resource_group, found.name, _workspace_id=found.id
        )
        workspace._seen = found
        return workspace

    def _fresh(self) -> WorkspaceOut:
        self._seen = self._nouns.workspaces.get(self._nouns.workspace_id)
        return self._seen

    def _known(self) -> WorkspaceOut:
        return self._seen or self._fresh()

    service_context = property(unsupported("Workspace.service_context"))
    add_private_endpoint = unsupported("Workspace.add_private_endpoint")
    delete_connection = unsupported("Workspace.delete_connection")
    delete_private_endpoint_connection = unsupported(
        "Workspace.delete_private_endpoint_connection"
    )
    diagnose_workspace = unsupported("Workspace.diagnose_workspace")
    get_connection = unsupported("Workspace.get_connection")
    list_connections = unsupported("Workspace.list_connections")
    list_keys = unsupported("Workspace.list_keys")
    set_connection = unsupported("Workspace.set_connection")
    setup = unsupported("Workspace.setup")
    sync_keys = unsupported("Workspace.sync_keys")
    update_dependencies = unsupported("Workspace.update_dependencies")
