"""What the server says of itself."""

from typing import Any

from litestar import Request, get

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre_sdk.wire.server import ServerOut


@get("/server", permission=Permission.SERVER_READ)
async def show_server(call: Call) -> ServerOut:
    """Tell version and instance."""
    return call.house.server


@get("/openapi.json", permission=Permission.SERVER_READ, include_in_schema=False)
async def show_openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Describe this API."""
    return request.app.openapi_schema.to_schema()
