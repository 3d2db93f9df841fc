"""Tables of endpoints."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Document, Word
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace
from zaffre.domain.endpoints import AuthMode, DeploymentSpec, EndpointError, EndpointKind
from zaffre.domain.endpoints import EndpointState as State

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    workspace(cascade=False),
    text("name"),
    Column("kind", Word(EndpointKind), nullable=False),
    Column("auth_mode", Word(AuthMode), nullable=False),
    Column("spec", Document(DeploymentSpec), nullable=False),
    Column("compute", Text, nullable=False, server_default=""),
    Column("state", Word(State), nullable=False),
    Column("error", Document(EndpointError)),
    Column("generation", Integer, nullable=False),
    Column("port", Integer),
    labels("tags"),
    labels("properties"),
    text("description"),
    text("created_by"),
    moment(),
    moment("updated_at"),
    UniqueConstraint("workspace_id", "name"),
)

endpoint_keys = Table(
    "endpoint_keys",
    metadata,
    Column("endpoint_id", Text, ForeignKey("endpoints.id", ondelete="CASCADE"), primary_key=True),
    text("primary_key"),
    text("secondary_key"),
)
