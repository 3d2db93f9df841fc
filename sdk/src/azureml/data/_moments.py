"""Times that programs compare with, as definitions hold them."""

from __future__ import annotations

from datetime import datetime, timezone

from azureml.exceptions import UserErrorException


def moment_of(given: datetime) -> str:
    """Return a time without zone, in UTC when it had one.

    Raises:
        UserErrorException: It is no time, as `NaT` of pandas.
    """
    if str(given) == "NaT":
        raise UserErrorException("`NaT` is no time; `is_null()` tells where there is none.")
    if given.tzinfo is not None:
        given = given.astimezone(timezone.utc).replace(tzinfo=None)
    # Times of pandas would write nanoseconds, which not every Python reads.
    return datetime.isoformat(given)
