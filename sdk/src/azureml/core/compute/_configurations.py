"""What a compute target is asked for, before it has a name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from azureml.exceptions import ComputeTargetException

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeIn


class ComputeConfiguration(ABC):
    """A configuration that can be asked for under a name.

    Args:
        type: The word of Azure ML for what it makes, such as `AmlCompute`.
        location: Any text; it is kept and shown.
    """

    def __init__(self, type: str, location: str | None = None) -> None:
        self._compute_type = type
        self.location = location

    @abstractmethod
    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: One of them cannot; says which.
        """

    def _order(self, name: str) -> ComputeIn:
        """Return what the server is asked for."""
        raise ComputeTargetException(
            f"`{type(self).__name__}` says nothing of how `{name}` would be made."
        )


class ComputeTargetProvisioningConfiguration(ComputeConfiguration):
    """What `ComputeTarget.create` takes."""

    def __init__(self, type: str, location: str | None) -> None:
        super().__init__(type, location)


class ComputeTargetAttachConfiguration(ComputeConfiguration):
    """What `ComputeTarget.attach` takes."""

    def __init__(self, type: str) -> None:
        super().__init__(type)


class ComputeTargetUpdateConfiguration(ABC):
    """What `update` takes."""

    def __init__(self, type: str) -> None:
        self._compute_type = type

    @abstractmethod
    def validate_configuration(self) -> None:
        """Refuse values that cannot be."""


def given(**settings: Any) -> dict[str, Any]:
    """Return the settings that have a value."""
    return {key: value for key, value in settings.items() if value not in (None, "", [], {})}
