"""What a Ray target says of itself."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from zaffre.adapters.launchers.ray.heads import HeadOptions
from zaffre.adapters.launchers.ray.jobs import Cluster, url_of

PYTHON: Final = "python"
"""The setting that names the interpreter of Ray on the nodes of a cluster."""


def key_of(workspace_id: str, name: str) -> str:
    """Return the name of the head of a target."""
    return hashlib.sha256(f"{workspace_id} {name}".encode()).hexdigest()[:16]


def address_of(settings: Mapping[str, Any]) -> str:
    """Return the address that a target names; empty for a head of our own."""
    return str(settings.get("address") or "")


def named_cluster(settings: Mapping[str, Any], credential: Mapping[str, str]) -> Cluster:
    """Return the cluster that a target names."""
    return Cluster(url_of(address_of(settings)), credential.get("token", ""))


def head_options(settings: Mapping[str, Any]) -> HeadOptions:
    """Return how a head of our own is started."""
    return HeadOptions(_count(settings, "head_cpus", 1), _count(settings, "head_gpus", 0))


def _count(settings: Mapping[str, Any], name: str, least: int) -> int | None:
    given = settings.get(name)
    return given if isinstance(given, int) and given >= least else None
