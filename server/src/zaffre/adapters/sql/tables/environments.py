"""The tables of environments, of the files that they are made of, and of their builds."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Document, Key, Word
from zaffre.adapters.sql.tables.schema import metadata, moment, text, workspace
from zaffre.domain.environments import BuildState, BuiltEnvironment, EnvironmentSpec

environments = Table(
    "environments",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(),
    text("name"),
    text("version"),
    Column("spec", Document(EnvironmentSpec), nullable=False),
    Column("definition", Document(dict[str, Any]), nullable=False),
    moment(),
    UniqueConstraint("workspace_id", "name", "version"),
    Index(None, "workspace_id", "name", "key"),
)

environment_labels = Table(
    "environment_labels",
    metadata,
    workspace(),
    Column("name", Text),
    Column("label", Text),
    text("version"),
    PrimaryKeyConstraint("workspace_id", "name", "label"),
    sqlite_with_rowid=False,
)

environment_files = Table(
    "environment_files",
    metadata,
    workspace(),
    Column("path", Text),
    text("digest"),
    Column("size", BigInteger, nullable=False),
    moment(),
    PrimaryKeyConstraint("workspace_id", "path"),
    # By which it is known whether bytes still have a name.
    Index(None, "digest"),
    sqlite_with_rowid=False,
)

environment_builds = Table(
    "environment_builds",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(),
    text("id"),
    text("name"),
    text("version"),
    Column("state", Word(BuildState), nullable=False),
    moment(),
    moment("ended_at", nullable=True),
    text("error"),
    Column("built", Document(BuiltEnvironment)),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "name", "version", "key"),
    Index(None, "state"),
)
