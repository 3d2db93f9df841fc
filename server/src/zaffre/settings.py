"""What can be chosen when a server starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (told apart, not bound)
"""Addresses that stand for all of a machine, and where it reaches itself then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be chosen when a server starts.

    Attributes:
        port: None takes the usual one when it is free, and any other when it is not.
        public_url: Where clients reach the server, if not at its own address.
        allowed_hosts: Further names under which clients may ask for it.
        behind_proxy: Somebody else ends TLS in front of it; needed to leave loopback.
        local_slots: How many runs execute at once outside of clusters.
        max_nodes: How many nodes all clusters may have together; None is without limit.
        conda: What brings conda packages: `auto`, `never`, or the path of a program.
        prune_after: Built environments are removed that nothing has used for so many seconds;
            0 keeps them.
        prune_above: Of those that nothing uses the oldest are removed while all together take
            more bytes; 0 is without limit.
        base_image: That of runs that ask for a container and name no image; empty is none.
        data_roots: Folders of this machine below which local datastores may lie, by names.
        lost_after: After so many seconds of silence of its program an interactive run has failed.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int | None = None
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    behind_proxy: bool = False
    local_slots: int = 4
    max_nodes: int | None = None
    base_image: str = ""
    conda: str = "auto"
    prune_after: float = 30 * 86_400.0
    prune_above: int = 100_000_000_000
    lost_after: float = 600.0
    data_roots: Mapping[str, Path] = field(default_factory=dict)
