"""What may be asked of a database."""

from dataclasses import dataclass
from typing import Final

from zaffre.domain.errors import InvalidError, TooLargeError

MAX_QUERY_BYTES: Final = 1 << 20
MAX_TIMEOUT_SECONDS: Final = 3600
MAX_LIMIT: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Query:
    """A question in SQL.

    Attributes:
        text: One statement that answers rows.
        timeout_seconds: How long the database may work on it; time in which nobody takes the
            answer does not count.
        limit: The most rows that are wanted; None is all of them, 0 only the names and types.
    """

    text: str
    timeout_seconds: int
    limit: int | None = None


def check_query(text: str, *, timeout_seconds: int, limit: int | None = None) -> Query:
    """Return a query that keeps the rules.

    Raises:
        InvalidError: `InvalidQuery` when it is empty, `InvalidTimeout`, `InvalidLimit`.
        TooLargeError: `QueryTooLarge`.
    """
    if not text.strip() or "\0" in text:
        raise InvalidError(
            "InvalidQuery",
            "The query is empty, or has a NUL.",
            target="query",
            hint="Send one SQL statement, such as `SELECT * FROM sales`.",
        )
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_QUERY_BYTES:
        raise TooLargeError(
            "QueryTooLarge",
            f"The query has {size} bytes; {MAX_QUERY_BYTES} are allowed.",
            target="query",
            hint="Put long lists of values into a table, and join it.",
        )
    _check_number("timeout_seconds", timeout_seconds, code="InvalidTimeout", low=1)
    if limit is not None:
        _check_number("limit", limit, code="InvalidLimit", low=0)
    return Query(text=text, timeout_seconds=timeout_seconds, limit=limit)


def _check_number(name: str, value: int, *, code: str, low: int) -> None:
    high = MAX_TIMEOUT_SECONDS if name == "timeout_seconds" else MAX_LIMIT
    if not low <= value <= high:
        raise InvalidError(
            code,
            f"`{value}` is not allowed as `{name}`.",
            target=name,
            hint=f"Send a number from {low} to {high}.",
        )
