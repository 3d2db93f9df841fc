"""The compute targets of a workspace."""

from __future__ import annotations

from collections.abc import Sequence

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.computes import (
    ComputeChange,
    ComputeIn,
    ComputeList,
    ComputeOut,
    NodeList,
    NodeOut,
    VmSize,
    VmSizeList,
)


class Computes:
    """Create, attach, change and remove compute targets.

    The one that is always there, `local`, is not among them.
    """

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/computes"

    def create(self, compute: ComputeIn) -> ComputeOut:
        """Create or attach a compute target; runs may execute there once it has `Succeeded`.

        Raises:
            ConflictError: `ComputeExists`: the name is taken.
            InvalidError: A setting is missing or not allowed, and which.
        """
        return self._transport.call("POST", self._root, answer=ComputeOut, body=compute)

    def get(self, name: str) -> ComputeOut:
        """Return a compute target as it is now.

        Raises:
            NotFoundError: There is none of that name; the message lists those there are.
        """
        return self._transport.call("GET", self._path(name), answer=ComputeOut)

    def list(self) -> Sequence[ComputeOut]:
        """Return every compute target, by name."""
        return self._transport.call("GET", self._root, answer=ComputeList).value

    def change(self, name: str, change: ComputeChange) -> ComputeOut:
        """Change what is given; leave the rest."""
        return self._transport.call("PATCH", self._path(name), answer=ComputeOut, body=change)

    def delete(self, name: str) -> None:
        """Remove a compute target; it may be `Deleting` for a while.

        Raises:
            ConflictError: `ComputeBusy`: runs execute there.
        """
        self._transport.delete(self._path(name))

    def nodes(self, name: str) -> Sequence[NodeOut]:
        """Return the nodes of a cluster."""
        return self._transport.call("GET", f"{self._path(name)}/nodes", answer=NodeList).value

    def start(self, name: str) -> ComputeOut:
        """Start an instance.

        Raises:
            ConflictError: Its state does not allow it.
        """
        return self._turn(name, "start")

    def stop(self, name: str) -> ComputeOut:
        """Stop an instance; its files stay."""
        return self._turn(name, "stop")

    def restart(self, name: str) -> ComputeOut:
        """Stop an instance and start it again."""
        return self._turn(name, "restart")

    def preempt(self, name: str, node_id: str) -> ComputeOut:
        """Take a node of low priority away; the run there is queued again."""
        return self._turn(name, f"nodes/{quoted(node_id)}/preempt")

    def sizes(self) -> Sequence[VmSize]:
        """Return the sizes that nodes and instances may have."""
        return self._transport.call("GET", "/api/v1/vm-sizes", answer=VmSizeList).value

    def _turn(self, name: str, how: str) -> ComputeOut:
        return self._transport.call("POST", f"{self._path(name)}/{how}", answer=ComputeOut)

    def _path(self, name: str) -> str:
        return f"{self._root}/{quoted(name)}"
