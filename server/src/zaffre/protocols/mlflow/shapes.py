"""Parts of bodies that many requests have."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.search import Lifecycle
from zaffre.protocols.mlflow.messages import required

_VIEWS: Final[dict[str | int | None, Lifecycle]] = {
    **dict.fromkeys((None, "", "ACTIVE_ONLY", "1", 1), Lifecycle.ACTIVE),
    **dict.fromkeys(("DELETED_ONLY", "2", 2), Lifecycle.ARCHIVED),
    **dict.fromkeys(("ALL", "3", 3), Lifecycle.ALL),
}
MAX_PAGE: Final = 50_000
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of 64 bits; JSON could say longer ones."""


class Pair(msgspec.Struct):
    """A tag or a param."""

    key: str = ""
    value: str | None = None


class OneRun(msgspec.Struct):
    """Which run; older programs say `run_uuid`."""

    run_id: str | None = None
    run_uuid: str | None = None


def run_id_of(body: OneRun) -> str:
    """Return which run a body names.

    Raises:
        InvalidError: `MissingField`.
    """
    return required(body.run_id or body.run_uuid, "run_id")


def to_pairs(pairs: Iterable[Pair] | None) -> dict[str, str]:
    """Return tags or params by key; of several with one key the last counts."""
    return {pair.key: pair.value or "" for pair in pairs or ()}


def to_lifecycle(view: str | int | None) -> Lifecycle:
    """Return which things a view shows, given by its name or its number.

    Raises:
        InvalidError: `InvalidViewType`.
    """
    found = _VIEWS.get(view)
    if found is None:
        raise InvalidError(
            "InvalidViewType",
            f"There is no view type {shown(view)}.",
            target="view_type",
            hint="Use ACTIVE_ONLY, DELETED_ONLY or ALL.",
        )
    return found


def to_limit(given: int | None, *, default: int = 1000) -> int:
    """Return the length of a page.

    Raises:
        InvalidError: `InvalidLimit`.
    """
    limit = default if given is None else given
    if not 0 < limit <= MAX_PAGE:
        raise InvalidError(
            "InvalidLimit",
            f"Invalid value {limit} for parameter 'max_results' supplied. It must be a positive "
            f"integer of at most {MAX_PAGE}.",
            target="max_results",
        )
    return limit


def lifecycle_stage(archived_at: datetime | None) -> str:
    """Return what MLflow calls a thing that is in use, or was put away."""
    return "active" if archived_at is None else "deleted"
