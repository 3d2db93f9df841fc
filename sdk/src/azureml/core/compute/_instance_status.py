"""How a compute instance is."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._documents import moment


class ComputeInstanceStatus:
    """How an instance is.

    Attributes:
        state: `Creating`, `Starting`, `Running`, `Stopping`, `Stopped`, `Restarting`,
            `Deleting`, or `SetupFailed` or `CreateFailed`.
        errors: Why it is not as it should be; None when it is.
    """

    def __init__(
        self,
        creation_time: Any,
        created_by_user_name: str | None,
        created_by_user_id: str | None,
        created_by_user_org: str | None,
        errors: list[Any] | None,
        modified_time: Any,
        state: str,
        vm_size: str,
    ) -> None:
        self.creation_time = creation_time
        self.created_by_user_name = created_by_user_name
        self.created_by_user_id = created_by_user_id
        self.created_by_user_org = created_by_user_org
        self.errors = errors
        self.modified_time = modified_time
        self.state = state
        self.vm_size = vm_size

    def serialize(self) -> dict[str, Any]:
        """Return it under v1's keys."""
        return {
            "errors": self.errors,
            "creationTime": self.creation_time and self.creation_time.isoformat(),
            "createdBy": {
                "userObjectId": self.created_by_user_id,
                "userTenantId": self.created_by_user_org,
                "userName": self.created_by_user_name,
            },
            "modifiedTime": self.modified_time and self.modified_time.isoformat(),
            "state": self.state,
            "vmSize": self.vm_size,
        }

    @staticmethod
    def deserialize(object_dict: dict[str, Any]) -> ComputeInstanceStatus:
        """Return what `serialize` wrote."""
        user = object_dict.get("createdBy") or {}
        return ComputeInstanceStatus(
            moment(object_dict.get("creationTime")),
            user.get("userName"),
            user.get("userObjectId"),
            user.get("userTenantId"),
            object_dict.get("errors"),
            moment(object_dict.get("modifiedTime")),
            object_dict.get("state", ""),
            object_dict.get("vmSize", ""),
        )
