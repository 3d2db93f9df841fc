"""Making environments."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec, Kept


class EnvironmentBuilder(Protocol):
    """Builds an environment, or finds it built.

    Two builds of equal specifications at once give one build, across processes too. A build that
    was killed is never used. A warm one is found in milliseconds.
    """

    async def build(self, spec: EnvironmentSpec, log: Callable[[str], None]) -> BuiltEnvironment:
        """Return the environment, ready.

        Args:
            spec: What is asked for.
            log: Takes lines of progress for people as they happen, from any thread.

        Raises:
            InvalidError: `InvalidRequirement`, `InvalidInterpreter` and the like, before building.
            UnavailableError: `EnvironmentBuildFailed`, naming the package and the cause.
        """

    async def locate(self, spec: EnvironmentSpec) -> str | None:
        """Return the interpreter of the environment, or its image, whether it is built or not.

        None for one that people keep themselves, and for what cannot be told without building.
        """


class KeptEnvironments(Protocol):
    """Built environments that lie on this machine."""

    async def everything(self) -> list[Kept]:
        """Return all, the one that was used last first."""

    async def used_by_processes(self) -> Mapping[str, Sequence[str]]:
        """Return the processes of this machine that work in environments, by interpreter."""

    async def remove(self, keys: Collection[str], *, unused_since: datetime) -> Sequence[str]:
        """Remove environments; return the keys of those that went.

        Those that were handed out since then, or are just built or removed, stay.
        """
