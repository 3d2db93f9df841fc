"""Where identifiers come from."""

import secrets
from collections.abc import Callable

IdSource = Callable[[], str]
"""A source of fresh identifiers; an argument everywhere so that tests can name theirs."""


def new_id() -> str:
    """Return a random identifier of 32 hexadecimal digits."""
    return secrets.token_hex(16)


def new_secret(prefix: str) -> str:
    """Return a secret of 256 random bits that begins with `prefix`, which scanners look for."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
