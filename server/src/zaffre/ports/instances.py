"""Instances: places to work in, each a Jupyter of its own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

Key = tuple[str, str]
"""Identifier of the workspace, and name of the instance in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOrder:
    """What an instance is started from.

    Attributes:
        base_url: The path under which it is served to browsers.
        python: The interpreter that has Jupyter.
        root: The folder that is shown.
        folder: Where its notebooks lie, within `root`.
        variables: Of the environment of Jupyter and of what runs there.
    """

    key: Key
    base_url: str
    python: str
    root: Path
    folder: Path
    variables: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningInstance:
    """How an instance is reached: on loopback, and with a secret that only the server knows."""

    port: int
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What goes on in an instance.

    Attributes:
        last: When something was last done there.
        is_busy: A kernel computes.
    """

    last: datetime
    is_busy: bool


class Instances(Protocol):
    """Starts and ends instances. They outlive the server, and are found again by the next one."""

    async def find(self, key: Key) -> RunningInstance | None:
        """Return the instance if its process lives."""

    async def start(self, order: InstanceOrder) -> RunningInstance:
        """Start an instance, and return when it answers; what was left of an older one is ended.

        Raises:
            UnavailableError: `InstanceStartFailed`, with the end of what it wrote.
        """

    async def activity(self, instance: RunningInstance, base_url: str) -> Activity | None:
        """Return what goes on in an instance; None when it does not answer just now."""

    async def stop(self, key: Key) -> None:
        """End an instance and everything that runs in it."""

    async def remove(self, key: Key) -> None:
        """End an instance and keep nothing of it; notebooks are not kept with it."""

    async def keep_only(self, keys: Collection[Key]) -> None:
        """Remove all others."""
