"""What a server says of itself."""

from zaffre_sdk.wire.shapes import Out


class ServerOut(Out):
    """Which server this is.

    Attributes:
        instance: Fresh at every start of the server.
    """

    version: str
    instance: str
    home: str
    started_at: float
    sqlite_version: str = ""


class StudioLinkOut(Out):
    """A link that logs one browser in, once."""

    url: str
