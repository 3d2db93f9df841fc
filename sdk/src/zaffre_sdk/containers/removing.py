"""Ending containers, by their labels: whatever they are, and whoever started them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping, Sequence

from zaffre_sdk.containers.engines import Engine

_SECONDS = 30
_MAX_ROUNDS = 5

WORKSPACE_LABEL = "zaffre.workspace"
RUN_LABEL = "zaffre.run"
ATTEMPT_LABEL = "zaffre.attempt"


def labels_of(workspace_id: str, run_id: str, attempt: int | None = None) -> dict[str, str]:
    """Return the labels of the containers of a run, or of one attempt at it."""
    labels = {WORKSPACE_LABEL: workspace_id, RUN_LABEL: run_id}
    return labels if attempt is None else {**labels, ATTEMPT_LABEL: str(attempt)}


def remove(engine: Engine, labels: Mapping[str, str], *, environ: Mapping[str, str]) -> bool:
    """Kill and remove every container with these labels; tell whether none is left."""
    found = _found(engine, labels, environ)
    for _ in range(_MAX_ROUNDS):
        if not found:
            return True
        gone = _ask(removal_words(engine, *found), environ).split()
        # Engines name what they removed by the names that they were given.
        if set(found) <= set(gone):
            return True
        found = _found(engine, labels, environ)
    return not found


def removal_words(engine: Engine, *names: str) -> list[str]:
    """Return the command line that kills and removes containers."""
    at_once = ("--time", "0") if engine.kind == "podman" else ()
    return engine.command("rm", "--force", *at_once, *names)


def _found(engine: Engine, labels: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    filters = [f"--filter=label={name}={value}" for name, value in labels.items()]
    return _ask(engine.command("ps", "--all", "--quiet", *filters), environ).split()


def _ask(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return what an engine says; one that hangs has said nothing."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(  # noqa: S603 (the engine that was found)
            command,
            capture_output=True,
            check=False,
            cwd="/",
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
        return done.stdout.decode(errors="replace")
    return ""
