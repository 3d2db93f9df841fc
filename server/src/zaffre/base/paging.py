"""Continuation tokens: where the next page of a list begins.

A token carries the place behind which the list continues, and a keyed BLAKE2b digest over that
place and the query it belongs to. One that was changed, or that is sent with another query, is
not opened. The key is derived from the secret of the home, so that tokens outlive a restart and
no further secret has to be kept.
"""

import base64
import hashlib
import hmac
from typing import Final

_SEAL_LENGTH: Final = 12
_PURPOSE: Final = b"zaffre-paging"


class ForgedContinuationError(ValueError):
    """The token was not sealed for this query by the holder of this key."""


def paging_key(secret: str) -> bytes:
    """Return the key that belongs to a secret of the home."""
    return hashlib.blake2b(secret.encode(), person=_PURPOSE, digest_size=32).digest()


def seal(place: str, *, query: str, key: bytes) -> str:
    """Return a token that continues `query` behind `place`."""
    return _sealed(place.encode(), query, key)


def unseal(token: str, *, query: str, key: bytes) -> str:
    """Return the place that the token continues behind.

    Raises:
        ForgedContinuationError: It was changed, or belongs to another query.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ForgedContinuationError from error
    place = raw[_SEAL_LENGTH:]
    if not hmac.compare_digest(_sealed(place, query, key), token):
        raise ForgedContinuationError
    return place.decode()


def _sealed(place: bytes, query: str, key: bytes) -> str:
    content = len(place).to_bytes(8, "big") + place + query.encode()
    digest = hashlib.blake2b(content, key=key, digest_size=_SEAL_LENGTH).digest()
    return base64.urlsafe_b64encode(digest + place).rstrip(b"=").decode()
