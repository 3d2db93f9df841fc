"""Workspaces on the wire."""

from typing import Optional

import msgspec

from zaffre_sdk.wire.shapes import In, Out


class WorkspaceIn(In):
    """Create a workspace; with `exist_ok` an existing one is answered instead of refused."""

    name: str
    subscription_id: str
    resource_group: str
    location: str = ""
    friendly_name: str = ""
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    exist_ok: bool = False


class WorkspaceChange(In):
    """Change what is given; leave the rest."""

    friendly_name: Optional[str] = None
    description: Optional[str] = None
    tags: Optional[dict[str, str]] = None


class WorkspaceOut(Out):
    """A workspace."""

    id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    friendly_name: str
    description: str
    tags: dict[str, str]
    created_at: float


class WorkspaceList(Out):
    """Workspaces by name."""

    value: list[WorkspaceOut]
