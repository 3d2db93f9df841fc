"""Ray clusters, which Azure ML v1 does not have."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._configurations import ComputeTargetAttachConfiguration, given
from azureml.core.compute.compute import ComputeTarget
from azureml.exceptions import ComputeTargetException
from zaffre_sdk.wire.computes import ComputeIn, ComputeOut

__all__ = ["RayAttachConfiguration", "RayCompute"]


class RayCompute(ComputeTarget):
    """A Ray cluster, where runs are tasks.

    Example:
        >>> ray = RayCompute.attach_configuration(address="http://10.0.0.5:8265")
        >>> ComputeTarget.attach(workspace, "ray", ray).wait_for_completion(show_output=True)

    Attributes:
        address: Of its dashboard; empty for a cluster that the server starts itself.
        vm_size: What a run may use.
    """

    _compute_type = "Ray"
    _REMOVED_BY = ("detach",)

    address: str
    vm_size: str

    @staticmethod
    def attach_configuration(
        address: str = "",
        vm_size: str = "",
        slots: int | None = None,
        token: str = "",
        settings: dict[str, Any] | None = None,
    ) -> RayAttachConfiguration:
        """Return what `ComputeTarget.attach` attaches.

        Args:
            address: Of its dashboard, such as `http://10.0.0.5:8265`; empty for a cluster that
                the server starts.
            vm_size: Such as `STANDARD_D2_V2`: how many cores and how much memory a run asks for.
            slots: How many runs execute there at once.
            token: What its dashboard asks for; kept encrypted.
            settings: Further settings of the server for such a cluster.
        """
        return RayAttachConfiguration(address, vm_size, slots, token, settings)

    def _details(self, found: ComputeOut) -> dict[str, Any]:
        return {"address": "", **found.settings, "vmSize": found.vm_size}

    def _take_details(self, details: dict[str, Any]) -> None:
        self.address, self.vm_size = details.get("address", ""), details.get("vmSize", "")


class RayAttachConfiguration(ComputeTargetAttachConfiguration):
    """What is attached; as `RayCompute.attach_configuration` says."""

    def __init__(
        self,
        address: str = "",
        vm_size: str = "",
        slots: int | None = None,
        token: str = "",
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__("Ray")
        self.address = address
        self.vm_size = vm_size
        self.slots = slots
        self.token = token
        self.settings = dict(settings or {})
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Refuse values that cannot be.

        Raises:
            ComputeTargetException: The address is not text.
        """
        if not isinstance(self.address, str):
            raise ComputeTargetException(f"`address` must be text, not {self.address!r}.")

    def _order(self, name: str) -> ComputeIn:
        return ComputeIn(
            name=name,
            kind="ray",
            type="Ray",
            vm_size=self.vm_size,
            settings={**self.settings, **given(address=self.address, slots=self.slots)},
            credential=given(token=self.token),
        )
