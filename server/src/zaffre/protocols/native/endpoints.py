"""Endpoints over HTTP."""

from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.endpoints import (
    EndpointChange,
    EndpointIn,
    EndpointList,
    EndpointOut,
    KeyIn,
    KeysOut,
    TokenOut,
)

from zaffre.domain.access import Permission
from zaffre.domain.endpoints import LOG_PATH
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS
from zaffre.protocols.http.ports import check_loopback
from zaffre.protocols.native.logs import Offset, Wait
from zaffre.protocols.native.translate.endpoints import (
    from_endpoint,
    from_token,
    to_endpoint_change,
    to_new_endpoint,
)

_ALL: Final = "/workspaces/{workspace:str}/endpoints"
_ONE: Final = f"{_ALL}/{{endpoint:str}}"
_MAX_LOG_BYTES: Final = 1 << 20


@post(_ALL, permission=Permission.ENDPOINTS_WRITE)
async def create_endpoint(call: Call, workspace: str, data: EndpointIn) -> EndpointOut:
    """Create an endpoint, or with `overwrite` deploy anew; it is Transitioning first."""
    new = to_new_endpoint(data)
    found = await call.read(lambda s: s.endpoints.find(workspace, data.name, caller=call.caller))
    if data.port is not None and (found is None or found.port != data.port):
        check_loopback(data.port)
    return await call.write_once(
        EndpointOut,
        lambda s: from_endpoint(
            s.endpoints.create(workspace, new, caller=call.caller), server=call.house.url
        ),
    )


@get(_ALL, permission=Permission.ENDPOINTS_READ)
async def list_endpoints(call: Call, workspace: str) -> EndpointList:
    """List the endpoints of a workspace by name."""
    found = await call.read(lambda s: s.endpoints.list(workspace, caller=call.caller))
    return EndpointList(value=[from_endpoint(one, server=call.house.url) for one in found])


@get(_ONE, permission=Permission.ENDPOINTS_READ)
async def show_endpoint(call: Call, workspace: str, endpoint: str) -> EndpointOut:
    """Answer one endpoint."""
    found = await call.read(lambda s: s.endpoints.get(workspace, endpoint, caller=call.caller))
    return from_endpoint(found, server=call.house.url)


@patch(_ONE, permission=Permission.ENDPOINTS_WRITE)
async def change_endpoint(
    call: Call, workspace: str, endpoint: str, data: EndpointChange
) -> EndpointOut:
    """Change what is given; a new `spec` serves once its replicas answer."""
    change = to_endpoint_change(data)
    changed = await call.write(
        lambda s: s.endpoints.change(workspace, endpoint, change, caller=call.caller)
    )
    return from_endpoint(changed, server=call.house.url)


@delete(_ONE, permission=Permission.ENDPOINTS_WRITE)
async def delete_endpoint(call: Call, workspace: str, endpoint: str) -> None:
    """Delete an endpoint with its replicas and its log."""
    await call.write(lambda s: s.endpoints.delete(workspace, endpoint, caller=call.caller))


@get(f"{_ONE}/logs", permission=Permission.ENDPOINTS_READ)
async def read_endpoint_log(
    call: Call, workspace: str, endpoint: str, *, offset: Offset = 0, wait: Wait = 0
) -> Response[bytes]:
    """Answer what there is of the log from a byte on, waiting for some."""
    found = await call.read(lambda s: s.endpoints.get(workspace, endpoint, caller=call.caller))
    left = 0.0 if call.changes.stopping else wait
    data = await call.logs.read(found.log_owner, LOG_PATH, offset, limit=_MAX_LOG_BYTES, wait=left)
    files = await call.logs.list(found.log_owner)
    size = next((file.size for file in files if file.path == LOG_PATH), 0)
    headers = {"x-zaffre-endpoint-state": found.state, "x-zaffre-log-size": str(size)}
    return Response(data, media_type=OCTETS, headers=headers)


@get(f"{_ONE}/keys", permission=Permission.ENDPOINTS_KEYS)
async def show_endpoint_keys(call: Call, workspace: str, endpoint: str) -> KeysOut:
    """Answer both keys."""
    primary, secondary = await call.read(
        lambda s: s.endpoints.keys(workspace, endpoint, caller=call.caller)
    )
    return KeysOut(primary=primary, secondary=secondary)


@post(f"{_ONE}/keys", permission=Permission.ENDPOINTS_KEYS, status_code=200)
async def renew_endpoint_key(call: Call, workspace: str, endpoint: str, data: KeyIn) -> KeysOut:
    """Replace one key; the old one, and every token, opens nothing any more."""
    primary, secondary = await call.write(
        lambda s: s.endpoints.renew_key(
            workspace, endpoint, which=data.which, value=data.value, caller=call.caller
        )
    )
    return KeysOut(primary=primary, secondary=secondary)


@post(f"{_ONE}/token", permission=Permission.ENDPOINTS_SCORE, status_code=200)
async def issue_endpoint_token(call: Call, workspace: str, endpoint: str) -> TokenOut:
    """Answer a token that opens the endpoint for an hour."""
    return from_token(
        await call.read(lambda s: s.endpoints.issue_token(workspace, endpoint, caller=call.caller))
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    create_endpoint,
    list_endpoints,
    show_endpoint,
    change_endpoint,
    delete_endpoint,
    read_endpoint_log,
    show_endpoint_keys,
    renew_endpoint_key,
    issue_endpoint_token,
]
