"""The cookie of browsers that logged in: how it is set, for one part of the server alone."""

from http.cookies import CookieError, SimpleCookie
from typing import Final

COOKIE: Final = "zaffre-studio"
SESSION_SECONDS: Final = 12 * 3600


def cookie_value(header: str) -> str:
    """Return the value of our cookie in a Cookie header, or nothing."""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def set_cookie(
    secret: str, *, path: str, seconds: int = SESSION_SECONDS, secure: bool = False
) -> str:
    """Return a Set-Cookie header: for what lies below a path, out of reach of scripts.

    Args:
        secret: The value.
        path: Where browsers send it.
        seconds: How long the browser keeps it.
        secure: Whether it may travel over TLS alone.
    """
    only = "; Secure" if secure else ""
    return f"{COOKIE}={secret}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{only}"


def is_secure(url: str, host: str) -> bool:
    """Tell whether a browser came through the proxy that speaks TLS in front of us.

    Args:
        url: Where browsers reach the server.
        host: The Host header.
    """
    return url.lower() == f"https://{host}".lower()
