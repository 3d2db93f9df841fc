"""Turning entities into pages: templates, and how values look."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from zaffre.base.clock import Clock
from zaffre.domain.metrics import MetricValue
from zaffre.domain.runs import Run

_SHOWN_TEXT = 80
_MINUTE = 60
_HOUR = 3600
_KILO = 1000


def create_environment(clock: Clock) -> Environment:
    """Return the templates of the studio; whatever they show is escaped."""
    environment = Environment(
        loader=PackageLoader("zaffre.protocols.studio", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=moment,
        figure=figure,
        size=size,
        duration=lambda run: duration(run, clock.now()),
    )
    return environment


def moment(time: datetime) -> str:
    """Show a time to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(run: Run, now: datetime) -> str:
    """Show how long a run took, or has been running until `now`."""
    if run.started_at is None:
        return "-"
    end = run.ended_at or now
    seconds = max(0.0, (end - run.started_at).total_seconds())
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
    return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"


def figure(value: MetricValue) -> str:
    """Show a number to six digits, and the beginning of anything longer."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return f"{text[:_SHOWN_TEXT]}…" if len(text) > _SHOWN_TEXT else text


def size(count: int) -> str:
    """Show a number of bytes to three digits."""
    amount, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < _KILO:
            break
        amount, unit = amount / _KILO, larger
    return f"{count} bytes" if unit == "bytes" else f"{amount:.3g} {unit}"
