"""The studio as an application of its own: sessions instead of bearer tokens, pages for errors."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide

from zaffre.domain.access import Principal
from zaffre.domain.errors import UnauthenticatedError, ZaffreError
from zaffre.protocols.http.asgi import App, Message, Receive, Scope, Send
from zaffre.protocols.http.authentication import (
    Authenticator,
    check_routes,
    require_permission,
)
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.door import plain_parameters
from zaffre.protocols.http.errors import create_exception_handlers, status_of
from zaffre.protocols.http.house import House
from zaffre.protocols.studio.entrance import MAX_PAGE
from zaffre.protocols.studio.pages import render
from zaffre.protocols.studio.render import create_environment
from zaffre.protocols.studio.router import create_router
from zaffre.protocols.studio.sessions import Sessions

PUBLIC_PATHS: Final = frozenset(
    {"/studio/login", "/studio/static/studio.css", "/studio/static/studio.js"}
)
_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY),
    # Forms need their Origin to be sent, which `no-referrer` hides.
    (b"referrer-policy", b"same-origin"),
)


def create_studio(
    house: House, authenticator: Authenticator, sessions: Sessions | None = None
) -> App:
    """Return the application behind `/studio`.

    Args:
        house: What is behind the doors.
        authenticator: Knows tokens.
        sessions: Where it is kept who logged in, for others that let browsers in.

    Raises:
        RuntimeError: A route declares no permission.
    """
    sessions = sessions or Sessions(house.clock)
    app = create_litestar(house, authenticator, sessions)
    check_routes(app, public=PUBLIC_PATHS)
    return SessionAuthentication(app, authenticator, sessions)


def create_litestar(house: House, authenticator: Authenticator, sessions: Sessions) -> Litestar:
    """Return the application without its authentication, for tests of the route table."""

    def call_of(request: Request[Any, Any, Any]) -> Call:
        return Call(house, request)

    handlers = create_exception_handlers()
    with plain_parameters():
        return Litestar(
            route_handlers=[create_router()],
            dependencies={"call": Provide(call_of, sync_to_thread=False)},
            guards=[require_permission],
            exception_handlers={**handlers, ZaffreError: _show_error},
            logging_config=None,
            openapi_config=None,
            state=State(
                {
                    "studio_templates": create_environment(house.clock),
                    "studio_sessions": sessions,
                    "authenticator": authenticator,
                }
            ),
        )


class SessionAuthentication:
    """Lets browsers with a session through, and programs with a token; shows others the way in."""

    def __init__(self, app: App, authenticator: Authenticator, sessions: Sessions) -> None:
        self._app = app
        self._authenticator = authenticator
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["user"] = None
        if scope["path"] not in PUBLIC_PATHS:
            scope["user"] = await self._who(scope["headers"])
            if scope["user"] is None:
                await self._app(_login_of(scope), receive, _Unauthorized(send).send)
                return
        await self._app(scope, receive, _Page(send).send)

    async def _who(self, headers: list[tuple[bytes, bytes]]) -> Principal | None:
        if not any(name == b"authorization" for name, _ in headers):
            cookies = b"; ".join(value for name, value in headers if name == b"cookie")
            return self._sessions.find(cookies.decode("latin-1"))
        try:
            return await self._authenticator.principal_of(headers)
        except UnauthenticatedError:
            return None


def _login_of(scope: Scope) -> Scope:
    """Return the request for the log-in that answers in place, so that the address stays.

    A request of its own: the server below decides by the method of the first whether an answer
    has a body.
    """
    path = "/studio/login"
    query = urlencode({"next": scope["path"][:MAX_PAGE]}).encode()
    changed = {"path": path, "raw_path": path.encode(), "query_string": query, "method": "GET"}
    return {**scope, **changed}


class _Page:
    """Adds the headers that let a page use its own style, script, pictures and forms."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *_HEADERS]
        await self._send(message)


class _Unauthorized(_Page):
    """Makes the page of the log-in the answer to a page that needs it."""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["status"] = 401
            message["headers"] = [*message["headers"], (b"www-authenticate", b"Bearer")]
        await super().send(message)


def _show_error(request: Request[Any, Any, Any], error: ZaffreError) -> Response[str]:
    page = render(request, "missing.html", {"message": error.message})
    page.status_code = status_of(error)
    return page
