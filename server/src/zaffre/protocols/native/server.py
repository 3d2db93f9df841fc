"""What the server says of itself."""

from litestar import get
from zaffre_sdk.wire.server import ServerOut

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call


@get("/server", permission=Permission.SERVER_READ)
async def show_server(call: Call) -> ServerOut:
    """Tell version and instance."""
    return call.house.server
