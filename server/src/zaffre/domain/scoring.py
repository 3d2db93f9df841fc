"""Who may score: keys that are shown, and tokens that expire.

A token is `zst.<expiry>.<signature>`. The signing secret is made of both keys of the endpoint, so
that replacing either ends every token at once.
"""

import hashlib
import hmac
from typing import Final

TOKEN_SECONDS: Final = 3600
MAX_TOKEN_LENGTH: Final = 256
_PREFIX: Final = "zst"
_PURPOSE: Final = b"zaffre scoring token 1"


def key_digest(key: str) -> bytes:
    """Return what is compared instead of the key, so that time tells nothing of it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def signing_secret(endpoint_id: str, keys: tuple[str, str]) -> bytes:
    """Return the secret under which the tokens of an endpoint are signed."""
    digests = b"".join(key_digest(key) for key in keys)
    return hmac.digest(digests, _PURPOSE + b"\0" + endpoint_id.encode(), "sha256")


def sign_token(secret: bytes, expires_at: int) -> str:
    """Return a token that opens the endpoint until a time in seconds since the epoch."""
    return f"{_PREFIX}.{expires_at}.{_signature(secret, expires_at)}"


def token_expiry(secret: bytes, token: str) -> int | None:
    """Return until when a token opens the endpoint; None for what is no token of it."""
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    prefix, _, rest = token.partition(".")
    expiry, _, signature = rest.partition(".")
    if prefix != _PREFIX or not (expiry.isascii() and expiry.isdigit()):
        return None
    expected = _signature(secret, int(expiry))
    is_ours = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
    return int(expiry) if is_ours else None


def _signature(secret: bytes, expires_at: int) -> str:
    return hmac.digest(secret, str(expires_at).encode(), "sha256").hex()
