"""The application behind MLflow's addresses.

Raw ASGI: clients of MLflow send one request for one logged value, so that every microsecond
spent on a request is paid for each of them.
"""

import asyncio
from typing import Final
from urllib.parse import quote

from zaffre.domain.access import Permission, Principal
from zaffre.domain.errors import NotFoundError, ZaffreError
from zaffre.protocols.http.asgi import App, Receive, Scope, Send
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.errors import InternalError, MethodError, headers_of, record
from zaffre.protocols.http.house import House
from zaffre.protocols.mlflow.call import MlflowCall, header_of
from zaffre.protocols.mlflow.errors import error_of
from zaffre.protocols.mlflow.messages import encode
from zaffre.protocols.mlflow.routes import Answer, Match, Reply, RouteTable
from zaffre.protocols.mlflow.table import all_routes
from zaffre.protocols.mlflow.workspaces import HEADER, Address, Workspaces, address_of

_JSON: Final = (b"content-type", b"application/json")
_NOBODY: Final = Principal(name="nobody", permissions=frozenset({Permission.PUBLIC}))
# What browsers and older clients put in front of the same routes.
_ALIASES: Final = (("/ajax-api/", "/api/"), ("/api/2.0/preview/mlflow/", "/api/2.0/mlflow/"))
# What a browser asks for when a person follows a link that the client printed.
_PAGES: Final = frozenset({"", "/"})
_READING: Final = frozenset({"GET", "HEAD"})


def create_mlflow_app(house: House, authenticator: Authenticator) -> App:
    """Return the application; the routes of every room are looked at once, here."""
    door = _Door(house, authenticator)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await door.answer(scope, receive)
        except ZaffreError as error:
            answer = _refused(error, scope)
        except Exception as error:  # noqa: BLE001 - the edge: a defect is logged and answered 500
            answer = _refused(_defect(error, scope), scope)
        await _send(scope, receive, send, answer)

    return app


class _Door:
    def __init__(self, house: House, authenticator: Authenticator) -> None:
        self._house = house
        self._authenticator = authenticator
        self._workspaces = Workspaces(house)
        self._table = RouteTable(all_routes())

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        address = address_of(scope["path"])
        path = _plain(address.path) if address else ""
        match = self._table.find(scope["method"], path) if address else None
        if address is not None and path in _PAGES and scope["method"] in _READING:
            return _to_studio(address)
        caller = await self._caller(scope, match)
        if address is None or match is None:
            raise self._unknown(scope, path)
        caller.require(match.route.permission)
        workspace = ""
        if match.route.needs_workspace:
            named = header_of(scope, HEADER)
            workspace = await self._workspaces.id_of(address, named, caller)
        call = MlflowCall(
            self._house,
            caller=caller,
            workspace=workspace,
            params=match.params,
            root=address.root,
            scope=scope,
            receive=receive,
        )
        try:
            return _answer(await match.route.answer(call))
        except NotFoundError as error:
            if error.code == "WorkspaceNotFound":
                # It was deleted, and another may have its name by now; the client may ask again.
                self._workspaces.forget(workspace)
            raise

    async def _caller(self, scope: Scope, match: Match | None) -> Principal:
        if match is not None and match.route.permission is Permission.PUBLIC:
            return _NOBODY
        return await self._authenticator.principal_of(scope["headers"])

    def _unknown(self, scope: Scope, path: str) -> ZaffreError:
        methods = self._table.methods(path)
        if methods:
            return MethodError(scope["method"], ", ".join(methods))
        return NotFoundError(
            "RouteNotFound",
            f"This server does not know {scope['method']} {scope['path'][:200]}.",
            hint="It speaks MLflow's tracking, registry, artifact and tracing API; see "
            "docs/compatibility.md.",
        )


def _to_studio(address: Address) -> Answer:
    """Lead a person to the studio: clients print the tracking URI as the address of pages."""
    names = "/".join(quote(name, safe="") for name in address.names or ())
    location = f"/studio/of/{names}" if names else "/studio"
    return Answer(status=303, headers=[(b"location", location.encode())])


def _plain(path: str) -> str:
    for other, ours in _ALIASES:
        if path.startswith(other):
            path = ours + path[len(other) :]
    return path


def _answer(reply: Reply) -> Answer:
    if isinstance(reply, Answer):
        return reply
    if reply is None:
        return Answer(headers=[_JSON], body=b"{}")
    return Answer(headers=[_JSON], body=reply if isinstance(reply, bytes) else encode(reply))


def _refused(error: ZaffreError, scope: Scope) -> Answer:
    request_id = scope.get("state", {}).get("request_id", "")
    record(error, method=scope["method"], path=scope["path"], request_id=request_id)
    status, body = error_of(error)
    headers = [(name.encode(), value.encode()) for name, value in headers_of(error).items()]
    return Answer(status=status, headers=headers, body=encode(body))


def _defect(error: Exception, scope: Scope) -> ZaffreError:
    ours = InternalError(scope.get("state", {}).get("request_id", ""))
    ours.__cause__ = error
    return ours


async def _send(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    headers = answer.headers
    if answer.chunks is None:
        headers = [*headers, (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.chunks is None or scope["method"] == "HEAD":
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body, "more_body": False})
        return
    # What is sent to a client that is gone vanishes, and a file may have a terabyte.
    gone = asyncio.create_task(_departure(receive))
    try:
        async for chunk in answer.chunks:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()


async def _departure(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
