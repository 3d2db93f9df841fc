"""The door: authenticates, finds the instance, and leads there.

Browsers come with the cookie of the instance. One that has none is sent to the studio, which
knows who it is and sends it back with a code that works once. Programs come with a token.
"""

import re
import time
from collections.abc import Callable
from typing import Final, Protocol
from urllib.parse import parse_qs

from zaffre.base.text import shown
from zaffre.domain.access import Permission, Principal
from zaffre.domain.errors import NotFoundError, UnauthenticatedError, UnavailableError
from zaffre.ports.instances import Key
from zaffre.protocols.http.asgi import Receive, Scope, Send
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.cookies import COOKIE, is_secure, set_cookie
from zaffre.protocols.http.security import refuse
from zaffre.protocols.http.tunnels import EXTENSION
from zaffre.protocols.instances.forwarding import Forwarder
from zaffre.protocols.instances.headers import (
    cookie_header,
    forwarded,
    target_of,
    upgrade_head,
)
from zaffre.services.instances import ENTER, PREFIX, InstanceTable, LiveInstance, base_url

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HOME: Final = "lab"
_OURS: Final = (b"bearer ", b"basic ")


class Visitors(Protocol):
    """Who was let in by the studio."""

    def redeem(self, code: str) -> str | None:
        """Return the value of a cookie for a code that works once."""

    def find(self, cookie_header: str) -> Principal | None:
        """Return whose cookie stands in this header."""


class InstanceDoor:
    """What answers below `/instances/{workspace}/{name}/`.

    Args:
        table: What runs right now.
        authenticator: Knows tokens.
        visitors: Knows browsers.
        url: Where browsers reach the server.
        monotonic: Tells when an instance was last used.
    """

    def __init__(
        self,
        table: InstanceTable,
        authenticator: Authenticator,
        visitors: Visitors,
        *,
        url: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._authenticator = authenticator
        self._visitors = visitors
        self._url = url
        self._monotonic = monotonic
        self._forwarder = Forwarder()

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._forwarder.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        workspace, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
        name, slash, page = rest.partition("/")
        key = workspace, name
        if not (_NAME.fullmatch(workspace) and _NAME.fullmatch(name)):
            raise NotFoundError("RouteNotFound", "Instances are at `/instances/WORKSPACE/NAME/`.")
        if page == ENTER and scope["method"] == "GET":
            await self._enter(key, scope, send)
            return
        try:
            caller = await self._who(scope)
        except UnauthenticatedError as error:
            if _is_page(scope):
                await _lead(send, f"/studio/workspaces/{workspace}/compute/{name}/open")
            else:
                await refuse(error, scope, send)
            return
        live = self._found(key, caller)
        if not slash or not page:
            await _lead(send, f"{base_url(key)}{_HOME}")
            return
        await self._pass(scope, receive, send, live=live)

    async def _who(self, scope: Scope) -> Principal:
        cookies = cookie_header(scope)
        found = self._visitors.find(cookies) if cookies else None
        # Jupyter's own pages say `Authorization: token …`, which is not for us.
        ours = [
            (name, value)
            for name, value in scope["headers"]
            if name == b"authorization" and value.lower().startswith(_OURS)
        ]
        return found or await self._authenticator.principal_of(ours)

    def _found(self, key: Key, caller: Principal) -> LiveInstance:
        caller.require(Permission.COMPUTES_USE)
        if caller.workspace_id not in {None, key[0]}:
            raise NotFoundError("WorkspaceNotFound", f"There is no workspace {shown(key[0])}.")
        live = self._table.find(key)
        if live is None:
            raise UnavailableError(
                "InstanceNotRunning",
                f"The instance {shown(key[1])} does not run.",
                target="name",
                hint="Start it: `zaffre compute start`, or `ComputeInstance.start()`.",
            )
        return live

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, *, live: LiveInstance
    ) -> None:
        running = live.running
        headers = forwarded(scope, port=running.port, secret=running.secret, ours=COOKIE)
        live.open += 1
        live.last = self._monotonic()
        try:
            tunnel = scope.get("extensions", {}).get(EXTENSION)
            if tunnel is None:
                await self._forwarder.forward(
                    scope, receive, send, port=running.port, headers=headers, ours=COOKIE
                )
            else:
                await tunnel.carry(running.port, upgrade_head(target_of(scope), headers))
        finally:
            live.open -= 1
            live.last = self._monotonic()

    async def _enter(self, key: Key, scope: Scope, send: Send) -> None:
        """Let a browser in that the studio sent."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        cookie = self._visitors.redeem(query.get("code", [""])[0])
        if cookie is None:
            await _lead(send, f"/studio/workspaces/{key[0]}/compute/{key[1]}")
            return
        path = base_url(key)
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        secure = is_secure(self._url, host.decode("latin-1"))
        header = set_cookie(cookie, path=path, secure=secure)
        await _lead(send, f"{path}{_HOME}", (b"set-cookie", header.encode()))


def _is_page(scope: Scope) -> bool:
    """Tell whether a person follows a link, rather than a script that asks for something."""
    if scope["method"] != "GET" or EXTENSION in scope.get("extensions", ()):
        return False
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"text/html" in accepted


async def _lead(send: Send, location: str, *headers: tuple[bytes, bytes]) -> None:
    """Send the browser elsewhere."""
    sent = [(b"location", location.encode()), (b"content-length", b"0")]
    start = {"type": "http.response.start", "status": 303, "headers": [*sent, *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
