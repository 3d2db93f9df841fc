"""Tables of workspaces and experiments."""

from sqlalchemy import (
    Column,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Moment
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),
    text("subscription_id"),
    text("resource_group"),
    text("name"),
    # The three names as they compare, whatever their case.
    text("folded_subscription"),
    text("folded_group"),
    text("folded_name"),
    text("location"),
    text("friendly_name"),
    text("description"),
    labels("tags"),
    moment(),
    # Empty while none was chosen.
    Column("default_datastore", Text, nullable=False, server_default=""),
    UniqueConstraint("folded_subscription", "folded_group", "folded_name"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", Text, primary_key=True),
    workspace(),
    text("name"),
    labels("tags"),
    text("description"),
    moment(),
    Column("updated_at", Moment, nullable=False, server_default="0"),
    moment("archived_at", nullable=True),
    Column("last_number", Integer, nullable=False, server_default="0"),
    UniqueConstraint("workspace_id", "name"),
)
