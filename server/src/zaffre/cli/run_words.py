"""Runs in words."""

from collections.abc import Iterator
from datetime import UTC, datetime

from zaffre_sdk.wire.runs import RunOut


def run_line(run: RunOut) -> str:
    """Return a run as one line of a list."""
    target = run.spec.compute if _has_target(run) else ""
    return f"{run.id:<48} {run.state:<16} {target:<20} {run.display_name}".rstrip()


def run_lines(run: RunOut) -> Iterator[tuple[str, str]]:
    """Yield what is known of a run, each with what it is."""
    yield "Run", run.id
    yield "Name", run.display_name
    yield "Experiment", run.experiment
    yield "State", run.state
    if run.waits_for:
        yield "Waits", run.waits_for
    if run.error is not None:
        yield "Error", f"{run.error.code}: {run.error.message}"
    yield from _place(run)
    yield "Created", f"{_moment(run.created_at)} by {run.created_by}"
    if run.started_at is not None:
        yield "Started", _moment(run.started_at)
    if run.ended_at is not None:
        yield "Ended", _moment(run.ended_at)
    yield from (("Tag", f"{key}: {value}") for key, value in run.tags.items())


def _place(run: RunOut) -> Iterator[tuple[str, str]]:
    if not _has_target(run):
        return
    nodes = f", {run.spec.node_count} nodes" if run.spec.node_count > 1 else ""
    priority = f", priority {run.spec.priority}" if run.spec.priority else ""
    yield "Target", f"{run.spec.compute}{nodes}{priority}"
    yield from (("Node", name) for name in run.nodes)


def _has_target(run: RunOut) -> bool:
    """Tell whether the server drives it; others are driven by their programs, anywhere."""
    return run.spec.kind == "script"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
