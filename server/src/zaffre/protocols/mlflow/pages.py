"""Page tokens: sealed, so that one fits only the search that it came from."""

import json
from typing import Final

from zaffre.base.paging import ForgedContinuationError, seal, unseal
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.protocols.mlflow.call import MlflowCall

_MAX_TOKEN: Final = 4096


class PageTokens:
    """The tokens of one search: what is searched, and how it is narrowed."""

    def __init__(self, call: MlflowCall, *query: object) -> None:
        self._key = call.house.paging_key
        self._query = json.dumps([call.workspace, *query])

    def open(self, token: str | None) -> str:
        """Return the place where the page begins; empty for the first one.

        Raises:
            InvalidError: `InvalidPageToken`.
        """
        if not token:
            return ""
        try:
            return unseal(token[:_MAX_TOKEN], query=self._query, key=self._key)
        except ForgedContinuationError:
            raise InvalidError(
                "InvalidPageToken",
                f"Invalid page token {shown(token)}: it does not belong to this search.",
                target="page_token",
                hint="Send `next_page_token` of the page before, with the same search.",
            ) from None

    def make(self, place: str) -> str:
        """Return the token of the page that begins there."""
        return seal(place, query=self._query, key=self._key)
