"""Builds of environments in SQL."""

from sqlalchemy import Connection, bindparam, delete, select, update

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.tables import environment_builds
from zaffre.domain.environments import BuildState, EnvironmentBuild

_builds = environment_builds.c
_all = select(*columns_of(environment_builds, EnvironmentBuild))
_one = _all.where(_builds.workspace_id == bindparam("workspace"), _builds.id == bindparam("build"))
_of = (
    _all.where(
        _builds.workspace_id == bindparam("workspace"),
        _builds.name == bindparam("environment"),
        _builds.version == bindparam("of_version"),
    )
    .order_by(_builds.key.desc())
    .limit(bindparam("limit"))
)
_open = _all.where(_builds.state.in_([BuildState.QUEUED, BuildState.RUNNING])).order_by(
    _builds.key
)
_insert = insert_new(environment_builds)
_ended = _all.where(_builds.state == BuildState.SUCCEEDED)
_remove = delete(environment_builds).where(
    _builds.workspace_id == bindparam("workspace"), _builds.id == bindparam("build")
)
_save = update(environment_builds).where(
    _builds.workspace_id == bindparam("workspace"), _builds.id == bindparam("build")
)


class SqlEnvironmentBuildStore:
    """Implements `ports.environments.EnvironmentBuildStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, build: EnvironmentBuild) -> None:
        """Add a build."""
        self._connection.execute(_insert, values_of(environment_builds, build))

    def save(self, build: EnvironmentBuild) -> None:
        """Replace what is known of a build."""
        changed = values_of(environment_builds, build)
        these = {"workspace": changed.pop("workspace_id"), "build": changed.pop("id")}
        self._connection.execute(_save.values(changed), these)

    def find(self, workspace_id: str, build_id: str) -> EnvironmentBuild | None:
        """Return the build of that id."""
        these = {"workspace": workspace_id, "build": build_id}
        row = self._connection.execute(_one, these).one_or_none()
        return None if row is None else entity_of(EnvironmentBuild, row)

    def newest(
        self, workspace_id: str, name: str, *, version: str, limit: int
    ) -> list[EnvironmentBuild]:
        """Return the builds of a version, the newest first."""
        these = {"workspace": workspace_id, "environment": name, "of_version": version}
        rows = self._connection.execute(_of, these | {"limit": limit})
        return [entity_of(EnvironmentBuild, row) for row in rows]

    def open(self) -> list[EnvironmentBuild]:
        """Return those of all workspaces that have not ended, the oldest first."""
        return [entity_of(EnvironmentBuild, row) for row in self._connection.execute(_open)]

    def ended(self) -> list[EnvironmentBuild]:
        """Return those of all workspaces that have succeeded."""
        return [entity_of(EnvironmentBuild, row) for row in self._connection.execute(_ended)]

    def remove(self, build: EnvironmentBuild) -> None:
        """Remove a build."""
        this = {"workspace": build.workspace_id, "build": build.id}
        self._connection.execute(_remove, this)
