"""Experiments on the wire."""

from typing import Optional

import msgspec

from zaffre_sdk.wire.shapes import In, Out


class ExperimentIn(In):
    """Create the experiment of this name unless it exists, and answer it."""

    name: str
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class ExperimentChange(In):
    """Change what is given; leave the rest."""

    tags: Optional[dict[str, str]] = None
    description: Optional[str] = None
    archived: Optional[bool] = None


class ExperimentOut(Out):
    """An experiment."""

    id: str
    name: str
    tags: dict[str, str]
    description: str
    created_at: float
    archived_at: Optional[float]


class ExperimentList(Out):
    """A page of experiments by name; `next` continues it, None ends it."""

    value: list[ExperimentOut]
    next: Optional[str] = None
