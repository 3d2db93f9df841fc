"""Compute targets as the oldest programs name them, and their error."""

from __future__ import annotations

from typing import Any

from azureml.core._unsupported import unsupported
from azureml.exceptions import ComputeTargetException

__all__ = ["AbstractComputeTarget", "ComputeTargetException", "LocalTarget"]

_ADVICE = (
    "The server prepares what a run needs when it is submitted; `Environment.build(workspace)` "
    "does so before."
)
_ATTACHING = "`ComputeTarget.attach` and `detach` have taken its place."


class AbstractComputeTarget:
    """A compute target that needs no server to be named.

    Args:
        compute_target_type: What it is, such as `local`.
        name: Its name.
    """

    def __init__(self, compute_target_type: str, name: str) -> None:
        self._type = compute_target_type
        self._name = name

    @property
    def type(self) -> str:
        """What it is."""
        return self._type

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @staticmethod
    def deserialize_from_dict(
        compute_target_name: str, compute_target_dict: dict[str, Any]
    ) -> AbstractComputeTarget | None:
        """Return the target of a `.compute` file; None for a type that is not known.

        Raises:
            ComputeTargetException: The file names no type.
        """
        kind = compute_target_dict.get("type")
        if kind is None:
            raise ComputeTargetException(
                f"The compute target `{compute_target_name}` has no `type` in "
                f"{compute_target_dict!r}."
            )
        return LocalTarget() if kind == "local" else None


class LocalTarget(AbstractComputeTarget):
    """The machine of the server, outside of any cluster."""

    def __init__(self) -> None:
        super().__init__("local", "local")


prepare_compute_target = unsupported("prepare_compute_target", _ADVICE)
is_compute_target_prepared = unsupported("is_compute_target_prepared", _ADVICE)
attach_legacy_compute_target = unsupported("attach_legacy_compute_target", _ATTACHING)
remove_legacy_compute_target = unsupported("remove_legacy_compute_target", _ATTACHING)
