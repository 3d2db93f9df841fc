"""Browsers that logged in: codes that work once, and the sessions they open.

Both live in memory: a restart of the server logs every browser out, and nothing that opens the
studio is ever on disk.
"""

import hashlib
from dataclasses import dataclass

from zaffre.base.clock import Clock
from zaffre.base.ids import new_secret
from zaffre.domain.access import Principal
from zaffre.protocols.http.cookies import SESSION_SECONDS, cookie_value

CODE_SECONDS = 300
_MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class _Grant:
    principal: Principal
    until: float
    within: str
    """The session it ends with; nothing for one of its own."""


class Sessions:
    """Who is logged in.

    Args:
        clock: Its monotonic time ends codes and sessions.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, _Grant] = {}
        self._sessions: dict[str, _Grant] = {}

    def offer_code(self, principal: Principal, *, within: str = "") -> str:
        """Return a code that logs one browser in as `principal`, once, within five minutes.

        Args:
            principal: Who asks for it.
            within: A Cookie header: what the code opens ends with the session of that, if any.
        """
        key = _digest(cookie_value(within))
        outer = self._sessions.get(key)
        first = (outer.within or key) if outer else ""
        return self._keep(self._codes, principal, CODE_SECONDS, within=first)

    def redeem(self, code: str) -> str | None:
        """Return the cookie of a new session, or None when the code does not hold."""
        grant = self._codes.pop(_digest(code), None)
        if grant is None or not self._holds(grant):
            return None
        return self._keep(self._sessions, grant.principal, SESSION_SECONDS, within=grant.within)

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

    def _keep(
        self, grants: dict[str, _Grant], principal: Principal, seconds: float, *, within: str = ""
    ) -> str:
        for key in [key for key, grant in grants.items() if not self._holds(grant)]:
            del grants[key]
        if len(grants) >= _MAX_KEPT:
            del grants[next(iter(grants))]
        secret = new_secret("zfs")
        grants[_digest(secret)] = _Grant(principal, self._clock.monotonic() + seconds, within)
        return secret

    def _holds(self, grant: _Grant) -> bool:
        if self._clock.monotonic() >= grant.until:
            return False
        outer = self._sessions.get(grant.within)
        return not grant.within or (outer is not None and self._holds(outer))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
