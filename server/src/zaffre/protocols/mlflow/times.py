"""Times as MLflow writes them: whole milliseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def from_time(time: datetime) -> int:
    """Return the milliseconds."""
    return (time - _EPOCH) // _MILLISECOND


def from_seconds(seconds: float) -> int:
    """Return the milliseconds of a time in seconds, to the microsecond as `datetime` has it."""
    return round(seconds * 1e6) // 1000


def to_time(milliseconds: int | None, *, target: str) -> datetime | None:
    """Return the time; None for none, and for 0, which MLflow's messages have for none.

    Raises:
        InvalidError: `InvalidTime`.
    """
    if not milliseconds:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise InvalidError(
            "InvalidTime",
            f"The time {shown(milliseconds)} is out of reach.",
            target=target,
            hint="Times are milliseconds since 1970.",
        ) from None
