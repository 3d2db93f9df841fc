"""Words of a closed set, and moments."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from zaffre.base.text import closest, shown
from zaffre.domain.errors import InvalidError

W = TypeVar("W", bound=StrEnum)


def to_word(word: str, words: type[W], *, target: str) -> W:
    """Return the member that `word` names.

    Raises:
        InvalidError: `Invalid<Target>`, with all members.
    """
    try:
        return words(word)
    except ValueError:
        guess = closest(word, words)
        question = f"Did you mean {shown(guess)}? " if guess else ""
        noun = target.rpartition(".")[2]
        raise InvalidError(
            f"Invalid{noun.title().replace('_', '')}",
            f"There is no {noun.replace('_', ' ')} {shown(word)}.",
            target=target,
            hint=f"{question}Use one of {', '.join(words)}.",
        ) from None


def from_time(time: datetime) -> float:
    """Return seconds since the epoch."""
    return time.timestamp()


def from_moment(time: datetime | None) -> float | None:
    """Return seconds since the epoch of what may not have happened yet."""
    return None if time is None else time.timestamp()


def to_moment(seconds: float | None, *, target: str) -> datetime | None:
    """Return the moment, if one is given; raises as `to_time`."""
    return None if seconds is None else to_time(seconds, target=target)


def to_time(seconds: float, *, target: str) -> datetime:
    """Return the moment of seconds since the epoch.

    Raises:
        InvalidError: `InvalidTime`.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise InvalidError(
            "InvalidTime",
            f"The time {shown(seconds)} is out of reach.",
            target=target,
            hint="Send seconds since the epoch.",
        ) from None
