"""From a run of v1 to what is shown of it."""

from __future__ import annotations

from typing import Any

from azureml.exceptions import UserErrorException
from zaffre_sdk.errors import SdkError
from zaffre_sdk.widgets.cells import plain
from zaffre_sdk.widgets.heads import unread_head
from zaffre_sdk.widgets.reading import RunSight, RunView

_FLUSH_SECONDS = 5.0


def first_view(run: Any) -> tuple[RunSight | None, RunView]:
    """Return the run as it is, and what to follow it with; None when it cannot be followed.

    A run that cannot be read is shown as such: showing a run never ends a notebook.

    Raises:
        UserErrorException: It is no run.
    """
    if not hasattr(run, "get_status") or not hasattr(run, "id"):
        raise UserErrorException(
            f"`run_instance` must be a run, not {run!r} ({type(run).__name__})."
        )
    nouns = getattr(run, "_nouns", None)
    if nouns is None:
        return None, _offline(run)
    run.flush(_FLUSH_SECONDS)  # what this program logged a moment ago belongs to the picture
    page = nouns.page(f"runs/{run.id}")
    sight = RunSight(nouns.workspace, run.id, page=page)
    try:
        return sight, sight.look()
    except (SdkError, OSError) as error:
        return None, RunView(unread_head(run.id, page=page, notice=str(error)))


def _offline(run: Any) -> RunView:
    """Return a run of this process alone, which no server knows."""
    head = unread_head(run.id, state=run.get_status(), tags=plain(dict(run.tags)))
    figures = [
        {"name": name, "form": "value", "value": plain(value), "count": 1}
        for name, value in run.get_metrics().items()
    ]
    return RunView(head, figures)
