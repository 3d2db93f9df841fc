"""An experiment: a name that runs share."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError

DEFAULT: Final = "Default"
"""The experiment of programs that name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An experiment of one workspace; its name is unique there.

    Attributes:
        updated_at: When it was last changed; its runs do not count.
        archived_at: When it was archived; None while it takes new runs.
    """

    id: str
    workspace_id: str
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    description: str = ""
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    def check_listed(self) -> None:
        """Refuse to add to an experiment that was put away.

        Raises:
            ConflictError: `ExperimentArchived`.
        """
        if self.archived_at is not None:
            raise ConflictError(
                "ExperimentArchived",
                f"The experiment {shown(self.name)} is archived and takes nothing new.",
                target="experiment",
                hint="Reactivate it, or use another experiment.",
            )
