"""A workspace: the boundary of everything else."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace, found by id or by (subscription, resource group, name).

    Attributes:
        id: Opaque and never reused.
        subscription_id: What the program calls its subscription; any text.
        resource_group: What the program calls its resource group; any text.
        name: Unique within the two above, whatever its case.
        location: The Azure region that the program asked for; kept, without effect.
    """

    id: str
    subscription_id: str
    resource_group: str
    name: str
    location: str
    friendly_name: str
    description: str
    tags: dict[str, str] = field(default_factory=dict)
    created_at: datetime
