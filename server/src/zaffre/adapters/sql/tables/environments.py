"""The table of environments."""

from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Table,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Document, Key
from zaffre.adapters.sql.tables.schema import metadata, moment, text, workspace
from zaffre.domain.environments import EnvironmentSpec

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
