"""What a handler is given: who calls, in which workspace, and what the house offers for it."""

from collections.abc import AsyncIterator, Mapping

from zaffre.domain.access import Principal
from zaffre.protocols.http.asgi import Receive, Scope
from zaffre.protocols.http.house import House, HouseCall
from zaffre.protocols.http.streaming import gathered, received


class MlflowCall(HouseCall):
    """One request.

    Attributes:
        caller: Who calls; the permission of the route was asked already.
        workspace: The id of the workspace that the address means.
        params: What the address says where the route has `{name}`.
        root: What stands in front of `/api/…` in the address; empty at the bare root.
    """

    __slots__ = ("_receive", "caller", "params", "root", "scope", "workspace")

    def __init__(  # noqa: PLR0913 - the parts of one request
        self,
        house: House,
        *,
        caller: Principal,
        workspace: str,
        params: Mapping[str, str],
        root: str,
        scope: Scope,
        receive: Receive,
    ) -> None:
        super().__init__(house)
        self._receive = receive
        self.caller = caller
        self.workspace = workspace
        self.params = params
        self.root = root
        self.scope = scope

    def header(self, name: bytes) -> str | None:
        """Return the first header of that lower-case name."""
        return header_of(self.scope, name)

    def chunks(self, *, limit: int) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raises as `received`."""
        return received(self._receive, limit=limit, announced=self._announced())

    async def body(self, *, limit: int) -> bytes:
        """Return the whole body; raises as `received`."""
        return await gathered(self._receive, limit=limit, announced=self._announced())

    def _announced(self) -> int:
        # The server below refuses a length that is no number.
        return int(self.header(b"content-length") or 0)


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the first header of that lower-case name."""
    for found, value in scope["headers"]:
        if found == name:
            text: str = value.decode("latin-1")
            return text
    return None
