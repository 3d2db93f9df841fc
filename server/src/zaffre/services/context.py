"""What every service is given besides the stores of its transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zaffre.base.clock import Clock
from zaffre.base.ids import IdSource
from zaffre.domain.endpoints import Capacity
from zaffre.domain.environments import EnvironmentSpec
from zaffre.ports.vaults import Vault
from zaffre.ports.wakeup import Wakeup


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The world outside the database, as arguments.

    Attributes:
        new_secret: Makes a secret that begins with a prefix.
        tokens_removed: Told, after the commit, the id of a run whose tokens are gone.
        vault: Encrypts secrets at rest.
        data_roots: The folders below which local datastores may lie, by the names under which
            the server was given them.
        capacity: The most that one deployment may ask for.
        max_nodes: How many nodes all clusters may have together; None is without limit.
        check_environment: Refuses specifications that no builder would take.
    """

    clock: Clock
    new_id: IdSource
    new_secret: Callable[[str], str]
    wakeup: Wakeup
    tokens_removed: Callable[[str], None]
    vault: Vault
    data_roots: Mapping[str, Path] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
    max_nodes: int | None = None
    check_environment: Callable[[EnvironmentSpec], object] = bool
