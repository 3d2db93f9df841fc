"""Who calls: every request has a known caller, or it goes no further."""

import base64
import hmac
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from zaffre.domain.access import OWNER, Permission, Principal
from zaffre.domain.errors import UnauthenticatedError, ZaffreError
from zaffre.protocols.http.asgi import App, Receive, Scope, Send
from zaffre.protocols.http.security import refuse
from zaffre.services.tokens import digest_of
from zaffre.services.work import Work

PUBLIC_PATHS: Final = frozenset({"/healthz", "/readyz"})
Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
_MAX_SECRET: Final = 8192
_MAX_CACHED: Final = 10_000


class Authenticator:
    """Turns a bearer secret into a principal, and remembers the answer while it holds.

    Args:
        owner_digest: Of the secret in the home of this server; whoever can read that file owns it.
    """

    def __init__(self, work: Work, owner_digest: str) -> None:
        self._work = work
        self._owner_digest = owner_digest
        self._owner = Principal(name="owner", permissions=OWNER)
        self._known: dict[str, Principal] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    async def principal_of(self, headers: Iterable[tuple[bytes, bytes]]) -> Principal:
        """Return who sends these headers: the one place that knows how callers show who they are.

        Raises:
            UnauthenticatedError: `Unauthenticated`.
        """
        secret = _bearer_of(headers)
        digest = digest_of(secret)
        if hmac.compare_digest(digest, self._owner_digest):
            return self._owner
        return self._known.get(digest) or await self._looked_up(digest)

    def forget_run(self, run_id: str) -> None:
        """Look its tokens up again; callable from any thread, called after they were removed."""
        with self._lock:
            self._forgotten += 1
            for digest in [d for d, who in self._known.items() if who.run_id == run_id]:
                del self._known[digest]

    async def _looked_up(self, digest: str) -> Principal:
        before = self._forgotten
        principal = await self._work.read(lambda s: s.tokens.find_principal(digest))
        if principal is None:
            raise _unauthenticated("The token is not valid; it may have ended with its run.")
        with self._lock:
            # A token that was removed while we looked must not come back by being remembered.
            if before == self._forgotten:
                if len(self._known) >= _MAX_CACHED:
                    self._known.clear()
                self._known[digest] = principal
        return principal


class Authentication:
    """Lets requests for other than public paths through with a caller only."""

    def __init__(self, app: App, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["user"] = None
        if scope["path"] not in PUBLIC_PATHS:
            try:
                scope["user"] = await self._authenticator.principal_of(scope["headers"])
            except ZaffreError as error:
                await refuse(error, scope, send)
                return
        await self._app(scope, receive, send)


def require_permission(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let the caller pass if it has the permission that the route declares.

    Raises:
        ForbiddenError: `Forbidden`.
    """
    permission = handler.opt.get("permission")
    if permission in {None, Permission.PUBLIC}:
        return  # Only Litestar's own OPTIONS have none: `check_routes` saw to that.
    connection.user.require(permission)


def check_routes(app: Litestar, *, public: frozenset[str] = PUBLIC_PATHS) -> None:
    """Abort the start when a route declares no permission, or is public without being listed.

    Args:
        app: Its whole route table is looked at.
        public: The exact paths that answer everybody.

    Raises:
        RuntimeError: Naming the routes.
    """
    wrong = [
        f"{path} ({handler})"
        for path, handler in routes_of(app)
        if not _is_declared(path, handler, public)
    ]
    if wrong:
        raise RuntimeError(f"These routes declare no permission: {', '.join(wrong)}.")


def routes_of(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Yield every route that we made, with its path."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.http_methods != {"OPTIONS"}:
                yield route.path, handler


def _is_declared(path: str, handler: HTTPRouteHandler, public: frozenset[str]) -> bool:
    permission = handler.opt.get("permission")
    if not isinstance(permission, Permission):
        return False
    return (permission is Permission.PUBLIC) == (path in public)


def _bearer_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    sent = [value for name, value in headers if name == b"authorization"]
    if not sent:
        raise _unauthenticated("This needs a token, and none was sent.")
    scheme, _, secret = sent[0].partition(b" ")
    secret = secret.strip()
    if scheme.lower() == b"basic":
        secret = _password_of(secret)
    elif scheme.lower() != b"bearer":
        secret = b""
    if len(sent) > 1 or not 0 < len(secret) <= _MAX_SECRET:
        raise _unauthenticated("The Authorization header is not `Bearer <token>`.")
    return secret.decode("latin-1")


def _password_of(credentials: bytes) -> bytes:
    """Return the password of Basic authentication: programs that know no tokens send ours so."""
    try:
        return base64.b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _unauthenticated(message: str) -> UnauthenticatedError:
    return UnauthenticatedError(
        "Unauthenticated",
        message,
        target="Authorization",
        hint="The token of the owner is in the file `token` of the server's home.",
    )
