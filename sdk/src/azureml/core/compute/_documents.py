"""Compute targets as the documents that Azure has of them, which v1 serializes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azureml.core._run_base import iso
from azureml.exceptions import ComputeTargetException

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeOut

_ATTACHED = frozenset({"machine", "ray", "kubernetes", "spark", "databricks"})
"""The kinds that were there before; others are when they have a name in Azure."""
_NAMED = ("resource_id", "resource_group")
_WORDS = {
    "cluster": "AmlCompute",
    "instance": "ComputeInstance",
    "machine": "VirtualMachine",
    "ray": "Ray",
    "kubernetes": "Kubernetes",
    "spark": "SynapseSpark",
    "databricks": "Databricks",
    "serving": "AKS",
    "linked": "DataFactory",
}
_NEEDED = ("computeType", "provisioningState", "properties")
_DURATION = re.compile(
    r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?", re.ASCII
)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def word_of(found: ComputeOut) -> str:
    """Return Azure ML's word for what a compute target is."""
    return found.type or _WORDS.get(found.kind, found.kind)


def document_of(workspace: Any, found: ComputeOut, details: dict[str, Any]) -> dict[str, Any]:
    """Return the document about a compute target.

    Args:
        workspace: Where it belongs.
        found: What the server knows of it.
        details: What only its type has.
    """
    attached = found.kind in _ATTACHED or any(key in found.settings for key in _NAMED)
    location = found.location or workspace.location
    return {
        "id": (
            f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
            "/providers/Microsoft.MachineLearningServices"
            f"/workspaces/{workspace.name}/computes/{found.name}"
        ),
        "name": found.name,
        "location": location,
        "tags": dict(found.tags),
        "properties": {
            "description": found.description,
            "computeType": word_of(found),
            "computeLocation": location,
            "resourceId": found.settings.get("resource_id"),
            "isAttachedCompute": attached,
            "provisioningState": found.state,
            "provisioningErrors": errors_of(found),
            "createdOn": iso(found.created_at),
            "modifiedOn": iso(found.updated_at),
            "properties": details,
        },
    }


def errors_of(found: ComputeOut) -> list[dict[str, Any]] | None:
    """Return why a compute target is not as it should be."""
    return [{"error": {"code": one.code, "message": one.message}} for one in found.errors] or None


def check_document(document: Any, expected: str | None) -> None:
    """Refuse what is no document of a compute target of the expected type.

    Raises:
        ComputeTargetException: Something is missing, or it is of another type.
    """
    inner = document.get("properties") if isinstance(document, dict) else None
    if not isinstance(inner, dict) or "name" not in document:
        raise ComputeTargetException(
            f"{document!r} is no compute target: `serialize()` gives one with `name` and "
            "`properties`."
        )
    missing = [name for name in _NEEDED if name not in inner]
    if missing:
        raise ComputeTargetException(
            f"The document of the compute target `{document['name']}` lacks "
            f"{', '.join(f'`properties.{name}`' for name in missing)}."
        )
    if expected not in (None, inner["computeType"]):
        raise ComputeTargetException(
            f"`{document['name']}` is of the type `{inner['computeType']}`, not `{expected}`."
        )


def duration(seconds: float | None) -> str:
    """Return seconds as Azure writes a duration; nothing for none."""
    return "" if seconds is None else f"PT{seconds:.6f}".rstrip("0").rstrip(".") + "S"


def seconds_of(text: str | None) -> float | None:
    """Return the seconds of a duration such as `PT30M`.

    Raises:
        ComputeTargetException: It is none.
    """
    if not text:
        return None
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groupdict().values()):
        raise ComputeTargetException(f"{text!r} is no duration such as `PT120S`.")
    total = sum(float(match[name] or 0) * unit for name, unit in _SECONDS.items())
    return int(total) if total == int(total) else total


def moment(text: str | None) -> datetime | None:
    """Return the time that a document names."""
    return None if not text else datetime.fromisoformat(text.replace("Z", "+00:00"))
