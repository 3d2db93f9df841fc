"""Which failures are final."""

from __future__ import annotations

from zaffre_sdk.errors import ServiceError

# A token may be replaced, and a program with the right one may come after this one.
_LATER = frozenset({401, 403, 408, 425, 429})
_CLIENT_ERRORS = range(400, 500)


def is_final(error: Exception) -> bool:
    """Tell whether sending the same again cannot help."""
    if not isinstance(error, ServiceError):
        return False
    return error.status in _CLIENT_ERRORS and error.status not in _LATER
