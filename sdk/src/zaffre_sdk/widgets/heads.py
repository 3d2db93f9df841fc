"""What a run is and how it stands, as plain data: the top of a widget, the row of a child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from zaffre_sdk.tracking.watching import TERMINAL
from zaffre_sdk.widgets.cells import number, plain
from zaffre_sdk.wire.runs import RunOut


def standing(run: RunOut) -> dict[str, Any]:
    """Return which run it is, what it was asked to do with, and how far it has come."""
    return {
        "id": run.id,
        "name": run.display_name or run.id,
        "number": run.number,
        "state": run.state,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "parameters": parameters(run),
    }


def head(run: RunOut, page: str) -> dict[str, Any]:
    """Return everything about a run itself."""
    spec, error = run.spec, run.error
    built = spec.environment
    environment = spec.environment_name or (built.interpreter if built is not None else "")
    return {
        **standing(run),
        "experiment": run.experiment,
        "ended": run.state in TERMINAL,
        "parent": run.parent_id or "",
        "description": plain(run.description),
        "command": plain(" ".join([spec.script or "", *spec.command, *spec.arguments]).strip()),
        "compute": spec.compute if spec.kind == "script" else "this program",
        "environment": environment or "",
        "created_by": run.created_by,
        "created_at": run.created_at,
        "tags": plain(run.tags),
        "error": None if error is None else plain({"code": error.code, "message": error.message}),
        "page": page,
        "notice": "",
    }


def unread_head(run_id: str, **known: object) -> dict[str, Any]:
    """Return the head of a run that no server tells of, with what is known all the same."""
    return {
        "id": run_id,
        "name": run_id,
        "number": 0,
        "state": "Unknown",
        "started_at": None,
        "ended_at": None,
        "parameters": {},
        "experiment": "",
        "ended": True,
        "parent": "",
        "description": "",
        "command": "",
        "compute": "",
        "environment": "",
        "created_by": "",
        "created_at": None,
        "tags": {},
        "error": None,
        "page": "",
        "notice": "",
        **known,
    }


def parameters(run: RunOut) -> dict[str, Any]:
    """Return what a run was asked to do with: its arguments of the form `--name value`."""
    return dict(_pairs([*run.spec.command, *run.spec.arguments]))


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, object]]:
    for word, following in zip(words, [*words[1:], "--"]):
        name, equals, value = word.partition("=")
        if not name.startswith("--") or len(name) <= len("--"):
            continue
        if equals:
            yield name[2:], _typed(value)
        elif not following.startswith("--"):
            yield name[2:], _typed(following)


def _typed(text: str) -> object:
    """Return a number where it reads as one."""
    try:
        value = float(text)
    except ValueError:
        return plain(text)
    if number(value) is None:
        return plain(text)
    return plain(int(value)) if value.is_integer() else value
