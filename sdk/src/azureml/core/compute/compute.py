"""Compute targets of a workspace, in the class of their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._nouns import Nouns, nouns_of
from azureml.core.compute._configurations import (
    ComputeConfiguration,
    ComputeTargetAttachConfiguration,
    ComputeTargetProvisioningConfiguration,
    ComputeTargetUpdateConfiguration,
)
from azureml.core.compute._documents import check_document, document_of, moment, word_of
from azureml.core.compute._following import Progress
from azureml.exceptions import ComputeTargetException, UserErrorException
from zaffre_sdk.client.settling import settled

if TYPE_CHECKING:
    from datetime import datetime

    from zaffre_sdk.wire.computes import ComputeOut

__all__ = [
    "ComputeTarget",
    "ComputeTargetAttachConfiguration",
    "ComputeTargetException",
    "ComputeTargetProvisioningConfiguration",
    "ComputeTargetUpdateConfiguration",
]

_PACKAGE = "azureml.core.compute"
_CLASSES = {
    "AKS": ("aks", "AksCompute"),
    "AmlCompute": ("amlcompute", "AmlCompute"),
    "Batch": ("batch", "BatchCompute"),
    "ComputeInstance": ("computeinstance", "ComputeInstance"),
    "DataFactory": ("datafactory", "DataFactoryCompute"),
    "DataLakeAnalytics": ("adla", "AdlaCompute"),
    "Databricks": ("databricks", "DatabricksCompute"),
    "HDInsight": ("hdinsight", "HDInsightCompute"),
    "Kubernetes": ("kubernetescompute", "KubernetesCompute"),
    "Kusto": ("kusto", "KustoCompute"),
    "Ray": ("ray", "RayCompute"),
    "SynapseSpark": ("synapse", "SynapseCompute"),
    "VirtualMachine": ("remote", "RemoteCompute"),
}
_MOVING = frozenset({"Creating", "Updating", "Deleting"})
_GONE = "ComputeTargetNotFound"
_FINISHED = 'Provisioning operation finished, operation "{}"'


class ComputeTarget:
    """A compute target by its name; making one returns the class of its type.

    Runs need no object for the target that is always there: `compute_target="local"`.

    Example:
        >>> try:
        ...     cluster = ComputeTarget(workspace, "cpu-cluster")
        ... except ComputeTargetException:
        ...     size = AmlCompute.provisioning_configuration("STANDARD_D2_V2", max_nodes=4)
        ...     cluster = ComputeTarget.create(workspace, "cpu-cluster", size)
        >>> cluster.wait_for_completion(show_output=True)

    Args:
        workspace: The workspace.
        name: The name.

    Raises:
        ComputeTargetException: `ComputeTargetNotFound`; lists those there are.
    """

    _compute_type: str | None = None
    _REMOVED_BY: tuple[str, ...] = ("delete", "detach")
    _credential: dict[str, str] | None = None

    id: str
    name: str
    location: str
    type: str
    tags: dict[str, str]
    description: str
    created_on: datetime | None
    modified_on: datetime | None
    provisioning_state: str
    provisioning_errors: list[Any] | None
    cluster_resource_id: str | None
    cluster_location: str
    is_attached: bool
    workspace: Any

    def __new__(cls, workspace: Any, name: str) -> Any:
        """Return the compute target in the class of its type."""
        return ComputeTarget._of(workspace, _found(nouns_of(workspace), name))

    def __init__(self, workspace: Any, name: str) -> None:
        """Do nothing: `__new__` has asked for everything."""

    @staticmethod
    def create(workspace: Any, name: str, provisioning_configuration: Any) -> Any:
        """Create a compute target and return it at once; `wait_for_completion` waits.

        Args:
            workspace: The workspace.
            name: Its name.
            provisioning_configuration: Such as `AmlCompute.provisioning_configuration(…)`.

        Raises:
            ComputeTargetException: The name is taken, or the server refuses the configuration.
        """
        if not isinstance(provisioning_configuration, ComputeTargetProvisioningConfiguration):
            raise _no_configuration(provisioning_configuration, "provisioning")
        return ComputeTarget._make(workspace, name, provisioning_configuration)

    @staticmethod
    def attach(workspace: Any, name: str, attach_configuration: Any) -> Any:
        """Attach something that exists, and return it at once.

        Args:
            workspace: The workspace.
            name: Its name here.
            attach_configuration: Such as `RemoteCompute.attach_configuration(…)`.

        Raises:
            ComputeTargetException: The name is taken, or the server refuses the configuration.
        """
        if not isinstance(attach_configuration, ComputeTargetAttachConfiguration):
            raise _no_configuration(attach_configuration, "attach")
        return ComputeTarget._make(workspace, name, attach_configuration)

    @staticmethod
    def list(workspace: Any) -> list[Any]:
        """Return the compute targets by name."""
        return [ComputeTarget._of(workspace, one) for one in nouns_of(workspace).computes.list()]

    def wait_for_completion(
        self, show_output: bool = False, is_delete_operation: bool = False
    ) -> None:
        """Wait until the compute target is ready, or gone.

        Args:
            show_output: Print its states.
            is_delete_operation: Wait until it is gone.

        Raises:
            ComputeTargetException: It failed, and why; or it is gone and was not to be.
        """
        progress = Progress(show_output)
        if is_delete_operation:
            self._wait_until_gone(progress)
            return
        self._wait(progress)
        progress.say(_FINISHED.format(self.provisioning_state))

    def refresh_state(self) -> None:
        """Look at the compute target again."""
        self._become(_found(nouns_of(self.workspace), self.name))

    def get_status(self) -> Any:
        """Return the state, such as `Succeeded`."""
        self.refresh_state()
        return self.provisioning_state

    def delete(self) -> None:
        """Delete the compute target.

        Raises:
            ComputeTargetException: Runs execute there, or it is attached: then `detach` it.
        """
        self._remove("delete")

    def detach(self) -> None:
        """Forget the compute target; what was attached stays as it is.

        Raises:
            ComputeTargetException: Runs execute there, or it was made here: then `delete` it.
        """
        self._remove("detach")

    def serialize(self) -> dict[str, Any]:
        """Return everything about the compute target, under v1's keys."""
        return dict(self._known)

    @classmethod
    def deserialize(cls, workspace: Any, object_dict: dict[str, Any]) -> Any:
        """Return the compute target that `serialize` wrote, without asking the server.

        Raises:
            ComputeTargetException: It is none, or one of another type.
        """
        check_document(object_dict, cls._compute_type)
        target: ComputeTarget = object.__new__(_class(object_dict["properties"]["computeType"]))
        target._take(workspace, object_dict)
        return target

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name}, id={self.id}, "
            f"type={self.type}, provisioning_state={self.provisioning_state}, "
            f"location={self.location}, tags={self.tags})"
        )

    @staticmethod
    def _of(workspace: Any, found: ComputeOut) -> Any:
        target: ComputeTarget = object.__new__(_class(word_of(found)))
        target.workspace = workspace
        target._become(found)
        return target

    @staticmethod
    def _make(workspace: Any, name: str, configuration: ComputeConfiguration) -> Any:
        configuration.validate_configuration()
        order = configuration._order(name)  # noqa: SLF001 - one house
        made: ComputeTarget = ComputeTarget._of(
            workspace, nouns_of(workspace).computes.create(order)
        )
        # What this program gave it can have back; the server tells no secrets.
        made._credential = dict(order.credential)
        return made

    def _become(self, found: ComputeOut) -> None:
        """Become what the server answered."""
        self._take(self.workspace, self._document(self.workspace, found))

    def _document(self, workspace: Any, found: ComputeOut) -> dict[str, Any]:
        """Return the document about what the server answered."""
        return document_of(workspace, found, self._details(found))

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        """Return what only this type has in its document."""
        return dict(found.settings)

    def _take(self, workspace: Any, document: dict[str, Any]) -> None:
        """Become what a document says."""
        inner = document["properties"]
        self._known = document
        self.workspace = workspace
        self.id, self.name = document.get("id", ""), document["name"]
        self.location, self.tags = document.get("location", ""), dict(document.get("tags") or {})
        self.type = inner["computeType"]
        self.description = inner.get("description") or ""
        self.created_on, self.modified_on = (
            moment(inner.get("createdOn")),
            moment(inner.get("modifiedOn")),
        )
        self.provisioning_state = inner["provisioningState"]
        self.provisioning_errors = inner.get("provisioningErrors")
        self.cluster_resource_id = inner.get("resourceId")
        self.cluster_location = inner.get("computeLocation") or self.location
        self.is_attached = bool(inner.get("isAttachedCompute"))
        self._take_details(inner["properties"] or {})

    def _take_details(self, details: dict[str, Any]) -> None:
        """Become what only this type has in its document."""

    def _secret(self, name: str) -> str | None:
        """Return a secret that this program gave when it attached the target.

        Raises:
            ComputeTargetException: It did not attach it.
        """
        if not self._credential:
            raise ComputeTargetException(
                f"The credential of `{self.name}` is kept encrypted and told to nobody; only the "
                "program that attached it still has it.",
                code="NotSupported",
            )
        return self._credential.get(name)

    def _remove(self, how: str) -> None:
        if how not in self._REMOVED_BY:
            other = self._REMOVED_BY[0]
            raise ComputeTargetException(
                f"`{how}` is not for `{self.name}`, which is a {type(self).__name__}: "
                f"use `{other}()`."
            )
        nouns_of(self.workspace).computes.delete(self.name)
        self.provisioning_state = "Deleting"

    def _wait(self, progress: Progress) -> None:
        def look() -> str:
            self.refresh_state()
            progress.saw(self.provisioning_state)
            return self.provisioning_state

        settled(look, lambda state: state not in _MOVING)
        self._check_failure(progress)

    def _wait_until_gone(self, progress: Progress) -> None:
        def look() -> str:
            try:
                self.refresh_state()
            except ComputeTargetException as error:
                if _GONE not in error.message:
                    raise
                self.provisioning_state = "Deleted"
            progress.saw(self.provisioning_state)
            return self.provisioning_state

        settled(look, lambda state: state in ("Deleted", "Failed"))
        self._check_failure(progress)
        progress.say(_FINISHED.format("Succeeded"))

    def _check_failure(self, progress: Progress) -> None:
        if self.provisioning_state == "Failed":
            progress.end()
            raise ComputeTargetException(f"The compute target `{self.name}` failed{self._why()}")

    def _why(self) -> str:
        reasons = [one.get("error", one) for one in self.provisioning_errors or []]
        told = [f"{one.get('code')}: {one.get('message')}" for one in reasons]
        return ":\n" + "\n".join(told) if told else ", and the server does not say why."


def _found(nouns: Nouns, name: Any) -> ComputeOut:
    if not isinstance(name, str):
        raise UserErrorException(f"A compute target is named by text, not {name!r}.")
    try:
        return nouns.computes.get(name)
    except ComputeTargetException as error:
        if error.code != "ComputeNotFound":
            raise
        raise ComputeTargetException(
            f"{_GONE}: {error.message}", code=error.code, inner_exception=error
        ) from error


def _class(word: str) -> Any:
    module, name = _CLASSES.get(word, ("compute", "ComputeTarget"))
    return _late.find(f"{_PACKAGE}.{module}", name)


def _no_configuration(value: Any, kind: str) -> UserErrorException:
    return UserErrorException(
        f"{value!r} is no {kind} configuration; one comes from "
        "`AmlCompute.provisioning_configuration(…)` or `RemoteCompute.attach_configuration(…)`."
    )
