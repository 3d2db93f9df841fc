"""The store of builds of environments; see `ports.stores` for what holds for all."""

from typing import Protocol

from zaffre.domain.environments import EnvironmentBuild


class EnvironmentBuildStore(Protocol):
    """Builds of registered environments; the last of a version tells whether it is built."""

    def add(self, build: EnvironmentBuild) -> None:
        """Add a build."""

    def save(self, build: EnvironmentBuild) -> None:
        """Replace what is known of a build."""

    def find(self, workspace_id: str, build_id: str) -> EnvironmentBuild | None:
        """Return the build of that id."""

    def newest(
        self, workspace_id: str, name: str, *, version: str, limit: int
    ) -> list[EnvironmentBuild]:
        """Return the builds of a version, the newest first."""

    def open(self) -> list[EnvironmentBuild]:
        """Return those of all workspaces that have not ended, the oldest first."""

    def ended(self) -> list[EnvironmentBuild]:
        """Return those of all workspaces that have succeeded."""

    def remove(self, build: EnvironmentBuild) -> None:
        """Remove a build."""
