"""Browsers that logged in: codes that work once, and the sessions they open.

Both live in memory: a restart of the server logs every browser out, and nothing that opens the
studio is ever on disk.
"""

import hashlib
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from zaffre.base.clock import Clock
from zaffre.base.ids import new_secret
from zaffre.domain.access import Principal

COOKIE = "zaffre-studio"
SESSION_SECONDS = 12 * 3600
CODE_SECONDS = 300
_MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class _Grant:
    principal: Principal
    until: float


class Sessions:
    """Who is logged in.

    Args:
        clock: Its monotonic time ends codes and sessions.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, _Grant] = {}
        self._sessions: dict[str, _Grant] = {}

    def offer_code(self, principal: Principal) -> str:
        """Return a code that logs one browser in as `principal`, once, within five minutes."""
        return self._keep(self._codes, principal, CODE_SECONDS)

    def redeem(self, code: str) -> str | None:
        """Return the cookie of a new session, or None when the code does not hold."""
        grant = self._codes.pop(_digest(code), None)
        return self.open(grant.principal) if grant and self._holds(grant) else None

    def open(self, principal: Principal) -> str:
        """Return the cookie of a new session of `principal`."""
        return self._keep(self._sessions, principal, SESSION_SECONDS)

    def find(self, cookie_header: str) -> Principal | None:
        """Return who sends this Cookie header."""
        grant = self._sessions.get(_digest(cookie_value(cookie_header)))
        return grant.principal if grant and self._holds(grant) else None

    def close(self, cookie_header: str) -> None:
        """End the session of this Cookie header."""
        self._sessions.pop(_digest(cookie_value(cookie_header)), None)

    def _keep(self, grants: dict[str, _Grant], principal: Principal, seconds: float) -> str:
        for key in [key for key, grant in grants.items() if not self._holds(grant)]:
            del grants[key]
        if len(grants) >= _MAX_KEPT:
            del grants[next(iter(grants))]
        secret = new_secret("zfs")
        grants[_digest(secret)] = _Grant(principal, self._clock.monotonic() + seconds)
        return secret

    def _holds(self, grant: _Grant) -> bool:
        return self._clock.monotonic() < grant.until


def cookie_value(header: str) -> str:
    """Return the value of our cookie in a Cookie header, or nothing."""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def set_cookie(secret: str, *, seconds: int = SESSION_SECONDS, secure: bool = False) -> str:
    """Return a Set-Cookie header: for the studio alone, out of reach of scripts.

    Args:
        secret: The value.
        seconds: How long the browser keeps it.
        secure: Whether it may travel over TLS alone.
    """
    only = "; Secure" if secure else ""
    return f"{COOKIE}={secret}; Path=/studio; Max-Age={seconds}; HttpOnly; SameSite=Strict{only}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
