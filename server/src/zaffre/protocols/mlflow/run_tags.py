"""Tags of runs as MLflow programs write them: some are fields of ours."""

from collections.abc import Mapping

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.runs import PARENT_TAG
from zaffre.protocols.mlflow.run_words import NAME_TAG, NOTE_TAG
from zaffre.services.tracking import TrackedChange


def to_change(tags: Mapping[str, str]) -> TrackedChange:
    """Return what setting these tags changes of a run."""
    rest = dict(tags)
    return TrackedChange(
        name=rest.pop(NAME_TAG, None),
        parent_id=rest.pop(PARENT_TAG, None),
        description=rest.pop(NOTE_TAG, None),
        tags=rest,
    )


def to_removal(key: str) -> TrackedChange:
    """Return what removing a tag changes of a run.

    Raises:
        InvalidError: `TagIsFixed`.
    """
    if key in {NAME_TAG, PARENT_TAG}:
        raise InvalidError(
            "TagIsFixed",
            f"The tag {shown(key)} cannot be removed: every run has its name and its place.",
            target="key",
            hint="Set it to something else.",
        )
    if key == NOTE_TAG:
        return TrackedChange(description="")
    return TrackedChange(tags={key: None})
