"""Making environments."""

from collections.abc import Callable
from typing import Protocol

from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec


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
