"""Lists that are read page by page."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from zaffre.base.paging import ForgedContinuationError, seal, unseal
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.protocols.http.call import Call

T = TypeVar("T")


class Pages:
    """The pages of one query: which list, and how it is narrowed.

    One element more than asked for is read, so that the last page is known to be the last.
    """

    def __init__(self, call: Call, *query: object, limit: int) -> None:
        self._key = call.house.paging_key
        self._query = json.dumps(query, default=_plain, sort_keys=True)
        self._limit = limit
        self.read_limit = limit + 1

    def place(self, token: str | None) -> str | None:
        """Return the place that a token of this query continues behind.

        Raises:
            InvalidError: `InvalidContinuation`.
        """
        if token is None:
            return None
        try:
            return unseal(token, query=self._query, key=self._key)
        except ForgedContinuationError:
            raise InvalidError(
                "InvalidContinuation",
                f"The continuation {shown(token)} does not belong to this list.",
                target="after",
                hint="Send `next` of the page before, with the same filters.",
            ) from None

    def cut(self, read: Sequence[T], place: Callable[[T], object]) -> tuple[list[T], str | None]:
        """Return the page, and the token of the next one if there is one."""
        page = list(read[: self._limit])
        if len(read) <= self._limit:
            return page, None
        return page, seal(str(place(page[-1])), query=self._query, key=self._key)


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return sorted(value) if isinstance(value, frozenset) else str(value)
