"""Spark pools of Synapse."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn

__all__ = ["SynapseAttachConfiguration", "SynapseCompute"]

_TYPE = "SynapseSpark"


class SynapseCompute(ComputeTarget):
    """A Spark pool of Synapse."""

    _compute_type = _TYPE
    _REMOVED_BY = ("detach",)

    @staticmethod
    def attach_configuration(
        linked_service: Any, type: str, pool_name: str
    ) -> SynapseAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            linked_service: A linked service, or its name.
            type: `SynapseSpark`.
            pool_name: The pool.

        Raises:
            ComputeTargetException: Something is missing, or the type is another.
        """
        return SynapseAttachConfiguration(linked_service, type, pool_name)


class SynapseAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `SynapseCompute.attach_configuration` says."""

    def __init__(self, linked_service: Any, type: str, pool_name: str) -> None:
        super().__init__(_TYPE)
        self.linked_service = linked_service
        self.type = type
        self.pool_name = pool_name
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what is not whole.

        Raises:
            ComputeTargetException: Something is missing, or the type is another.
        """
        if not self._service():
            raise ComputeTargetException(
                f"`linked_service` must be a linked service or its name, not "
                f"{self.linked_service!r}."
            )
        if self.type != _TYPE:
            raise ComputeTargetException(f"`type` is {self.type!r}; only `{_TYPE}` is known.")
        if not self.pool_name:
            raise ComputeTargetException("`pool_name` must be given: which pool is attached.")

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="spark",
            type=_TYPE,
            settings=given(linked_service=self._service(), pool_name=self.pool_name),
        )

    def _service(self) -> str:
        if isinstance(self.linked_service, str):
            return self.linked_service
        return str(getattr(self.linked_service, "name", "") or "")
