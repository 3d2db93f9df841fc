"""The nodes of a run that `spread.py` found on a Ray cluster, and processes on them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import msgspec

from zaffre_sdk.runner.members import Node
from zaffre_sdk.wire import decoding

_FILE = "seats.json"
_CALL = Path(__file__).with_name("call.py")


class Seats(msgspec.Struct, frozen=True):
    """Where the nodes are.

    Attributes:
        addresses: Of the nodes; the runner is at the first.
    """

    addresses: list[str]

    @property
    def nodes(self) -> list[Node]:
        """The nodes."""
        return [Node(index, "", address) for index, address in enumerate(self.addresses)]

    def argv(self, folder: Path, node: Node, argv: Sequence[str]) -> list[str]:
        """Return what starts a process on a node; `folder` is that of the attempt."""
        if not node.number:
            return list(argv)
        call = [sys.executable, "-I", "-S", str(_CALL), str(folder / _FILE), str(node.number)]
        return [*call, *argv]


def seats_at(folder: Path) -> Optional[Seats]:  # noqa: UP045 (as in other files here)
    """Return the nodes of the attempt of that folder; None when they are this machine."""
    try:
        return decoding.from_json((folder / _FILE).read_bytes(), Seats)
    except FileNotFoundError:
        return None
