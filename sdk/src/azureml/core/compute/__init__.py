"""Compute targets: there is one, `local`, which needs no object."""

from __future__ import annotations

from typing import Any

from azureml.core._unsupported import unsupported
from azureml.core.compute_target import ComputeTargetException

__all__ = ["ComputeTarget", "ComputeTargetException"]


class ComputeTarget:
    """A compute target of a workspace, by name.

    Raises:
        ComputeTargetException: There is none of this name, which is always so for now.
    """

    def __init__(self, workspace: Any, name: str) -> None:
        raise ComputeTargetException(
            f"ComputeTargetNotFound: the workspace has no compute target `{name}`; "
            "what exists: `local`."
        )

    @staticmethod
    def list(workspace: Any) -> list[ComputeTarget]:
        """Return the compute targets: none."""
        return []

    create = staticmethod(unsupported("ComputeTarget.create"))
    attach = staticmethod(unsupported("ComputeTarget.attach"))
    delete = unsupported("ComputeTarget.delete")
    deserialize = staticmethod(unsupported("ComputeTarget.deserialize"))
    detach = unsupported("ComputeTarget.detach")
    get_status = unsupported("ComputeTarget.get_status")
    refresh_state = unsupported("ComputeTarget.refresh_state")
    serialize = unsupported("ComputeTarget.serialize")
    wait_for_completion = unsupported("ComputeTarget.wait_for_completion")
