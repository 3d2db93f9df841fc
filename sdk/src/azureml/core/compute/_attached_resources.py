"""Resources of Azure that are attached by name: it is kept, and nothing is asked of Azure."""

from __future__ import annotations

from typing import ClassVar

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute._resources import check_resource
from zaffre_sdk.wire.computes import ComputeIn


class ResourceAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is named either by its id, or by its group and its name there.

    Args:
        type: The word of Azure ML for it.
        resource_id: Its id.
        **parts: What names it in place of the id; they become attributes.
    """

    _KIND: ClassVar[str] = "linked"
    _PROVIDER: ClassVar[str]

    resource_group: str | None
    resource_id: str | None

    def __init__(self, type: str, *, resource_id: str | None, **parts: str | None) -> None:
        super().__init__(type)
        self._names = tuple(parts)
        self.resource_id = resource_id
        vars(self).update(parts)
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse what is not named in exactly one way.

        Raises:
            ComputeTargetException: It is not.
        """
        check_resource(self.resource_id, self._PROVIDER, **self._parts())

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind=self._KIND,
            type=self._compute_type,
            settings=given(**self._parts(), resource_id=self.resource_id),
            credential=self._secrets(),
        )

    def _parts(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in self._names}

    def _secrets(self) -> dict[str, str]:
        """Return what opens it; kept encrypted."""
        return {}
