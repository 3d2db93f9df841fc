"""Registered environments in SQL."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, func, select

from zaffre.adapters.sql.rows import (
    columns_of,
    entity_of,
    insert_new,
    insert_or_replace,
    values_of,
)
from zaffre.adapters.sql.tables import environment_files, environment_labels, environments
from zaffre.base.text import shown
from zaffre.domain.environments import Environment, EnvironmentFile
from zaffre.domain.errors import ConflictError

_select = select(*columns_of(environments, Environment)).where(
    environments.c.workspace_id == bindparam("workspace")
)
_by_name = _select.where(environments.c.name == bindparam("name"))
_by_version = _by_name.where(environments.c.version == bindparam("version"))
_newest = _by_name.order_by(environments.c.key.desc()).limit(1)
_newest_keys = (
    select(func.max(environments.c.key))
    .where(environments.c.workspace_id == bindparam("workspace"))
    .group_by(environments.c.name)
)
_list = _select.where(environments.c.key.in_(_newest_keys)).order_by(environments.c.name)
_insert = insert_new(environments)
_label = insert_or_replace(environment_labels)
_labeled = select(environment_labels.c.version).where(
    environment_labels.c.workspace_id == bindparam("workspace"),
    environment_labels.c.name == bindparam("name"),
    environment_labels.c.label == bindparam("label"),
)
_files = select(*columns_of(environment_files, EnvironmentFile)).where(
    environment_files.c.workspace_id == bindparam("workspace")
)
_file = _files.where(environment_files.c.path == bindparam("path"))
_below = _files.where(environment_files.c.path.startswith(bindparam("folder")))
_keep = insert_new(environment_files)


class SqlEnvironmentStore:
    """Implements `ports.stores.EnvironmentStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, environment: Environment) -> None:
        """Add a version."""
        if not self._connection.execute(_insert, values_of(environments, environment)).rowcount:
            raise ConflictError(
                "EnvironmentExists",
                f"The environment {shown(environment.name)} has a version"
                f" {shown(environment.version)}.",
                target="version",
                hint="Versions do not change. Register another one.",
            )

    def find(self, workspace_id: str, name: str, version: str | None) -> Environment | None:
        """Return that version, or the newest."""
        this = {"workspace": workspace_id, "name": name}
        if version is None:
            row = self._connection.execute(_newest, this).one_or_none()
        else:
            row = self._connection.execute(_by_version, this | {"version": version}).one_or_none()
        return None if row is None else entity_of(Environment, row)

    def list(self, workspace_id: str) -> list[Environment]:
        """Return the newest version of each, by name."""
        rows = self._connection.execute(_list, {"workspace": workspace_id})
        return [entity_of(Environment, row) for row in rows]

    def label(self, workspace_id: str, name: str, *, version: str, labels: Iterable[str]) -> None:
        """Point labels at a version, away from others."""
        for label in labels:
            values = {"workspace_id": workspace_id, "name": name}
            self._connection.execute(_label, values | {"version": version, "label": label})

    def labeled(self, workspace_id: str, name: str, label: str) -> str | None:
        """Return the version that a label points at."""
        this = {"workspace": workspace_id, "name": name, "label": label}
        found: str | None = self._connection.execute(_labeled, this).scalar_one_or_none()
        return found

    def keep(self, file: EnvironmentFile) -> None:
        """Keep a file under its path; what is there stays."""
        self._connection.execute(_keep, values_of(environment_files, file))

    def file(self, workspace_id: str, path: str) -> EnvironmentFile | None:
        """Return the file at that path."""
        this = {"workspace": workspace_id, "path": path}
        row = self._connection.execute(_file, this).one_or_none()
        return None if row is None else entity_of(EnvironmentFile, row)

    def files(self, workspace_id: str, folder: str) -> Sequence[EnvironmentFile]:
        """Return the files below a folder, by path."""
        this = {"workspace": workspace_id, "folder": f"{folder}/"}
        rows = self._connection.execute(_below.order_by(environment_files.c.path), this)
        return [entity_of(EnvironmentFile, row) for row in rows]
