"""Every table. `key` columns are numbers of our own: they order rows by arrival and join them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Document, Key, Labels, Moment, Word
from zaffre.domain.endpoints import AuthMode, DeploymentSpec, EndpointError, EndpointKind
from zaffre.domain.endpoints import EndpointState as State
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.runs import RunError, RunKind, RunSpec, RunState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> "Column[str]":
    return Column(name, Text, nullable=False)


def _workspace(*, cascade: bool = True) -> "Column[str]":
    # A workspace takes what only lives inside it along, and is kept by what does not.
    owner = ForeignKey("workspaces.id", ondelete="CASCADE" if cascade else None)
    return Column("workspace_id", Text, owner, nullable=False)


def _moment(name: str = "created_at", *, nullable: bool = False) -> "Column[Any]":
    return Column(name, Moment, nullable=nullable)


def _labels(name: str) -> "Column[Any]":
    return Column(name, Labels, nullable=False)


workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),
    _text("subscription_id"),
    _text("resource_group"),
    _text("name"),
    # The three names as they compare, whatever their case.
    _text("folded_subscription"),
    _text("folded_group"),
    _text("folded_name"),
    _text("location"),
    _text("friendly_name"),
    _text("description"),
    _labels("tags"),
    _moment(),
    UniqueConstraint("folded_subscription", "folded_group", "folded_name"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", Text, primary_key=True),
    _workspace(),
    _text("name"),
    _labels("tags"),
    _text("description"),
    _moment(),
    _moment("archived_at", nullable=True),
    Column("last_number", Integer, nullable=False, server_default="0"),
    UniqueConstraint("workspace_id", "name"),
)

runs = Table(
    "runs",
    metadata,
    Column("key", Key, primary_key=True),
    _workspace(cascade=False),
    _text("id"),
    Column("experiment_id", Text, ForeignKey("experiments.id"), nullable=False),
    # Experiments are not renamed, so that their names may stand here and in an index.
    _text("experiment_name"),
    Column("parent_id", Text),
    Column("number", Integer, nullable=False),
    Column("kind", Word(RunKind), nullable=False),
    Column("state", Word(RunState), nullable=False),
    Column("spec", Document(RunSpec), nullable=False),
    _text("display_name"),
    _text("description"),
    _labels("tags"),
    _labels("properties"),
    Column("error", Document(RunError)),
    Column("attempt", Integer, nullable=False),
    Column("handle", Document(dict[str, Any]), nullable=False),
    _text("created_by"),
    _moment(),
    _moment("started_at", nullable=True),
    _moment("ended_at", nullable=True),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "key"),
    Index(None, "workspace_id", "experiment_name", "key"),
    Index(None, "workspace_id", "parent_id", "key"),
    Index(None, "workspace_id", "state", "key"),
    Index(None, "state", "key"),
    Index(None, "experiment_id"),
)

# Tags and properties again, for filters: a row for the name and a row for name and value, in the
# order of `list`. Values are digests since they may be long.
run_labels = Table(
    "run_labels",
    metadata,
    Column("workspace_id", Text),
    Column("label", Text),
    Column("name", Text),
    Column("value", LargeBinary),
    Column("run_key", Key, ForeignKey("runs.key")),
    PrimaryKeyConstraint("workspace_id", "label", "name", "value", "run_key"),
    sqlite_with_rowid=False,
)

metric_series = Table(
    "metric_series",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_key", Key, ForeignKey("runs.key"), nullable=False),
    _text("name"),
    Column("count", BigInteger, nullable=False),
    Column("minimum", Double),
    Column("maximum", Double),
    UniqueConstraint("run_key", "name"),
)

# A floating-point number stands in `number`; everything else, and not-a-number, which SQLite
# would turn into NULL, in `other` as MessagePack.
metric_points = Table(
    "metric_points",
    metadata,
    # No foreign key: checking it for each point would take a fifth of the time of storing it.
    Column("series_key", Key),
    Column("ordinal", BigInteger),
    Column("kind", Integer, nullable=False),
    Column("step", BigInteger),
    Column("time", Double, nullable=False),
    Column("number", Double),
    Column("other", LargeBinary),
    PrimaryKeyConstraint("series_key", "ordinal"),
    sqlite_with_rowid=False,
)

# `start` is the position of the first point among all of the run; `layout` tells which series
# each point went to, so that points need no second index for the order across metrics.
metric_batches = Table(
    "metric_batches",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_key", Key, ForeignKey("runs.key"), nullable=False),
    _text("writer"),
    Column("sequence", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("layout", LargeBinary, nullable=False),
    UniqueConstraint("run_key", "writer", "sequence"),
    Index(None, "run_key", "start"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("workspace_id", Text),
    Column("run_id", Text),
    Column("path", Text),
    _text("digest"),
    Column("size", BigInteger, nullable=False),
    _moment(),
    PrimaryKeyConstraint("workspace_id", "run_id", "path"),
    ForeignKeyConstraint(["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"]),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("key", Key, primary_key=True),
    _workspace(),
    _text("id"),
    _moment(),
    UniqueConstraint("workspace_id", "id"),
)


def _files_of(owner: str) -> Table:
    return Table(
        f"{owner}_files",
        metadata,
        Column("owner_key", Key, ForeignKey(f"{owner}s.key", ondelete="CASCADE")),
        Column("path", Text),
        _text("digest"),
        Column("size", BigInteger, nullable=False),
        Column("executable", Boolean, nullable=False),
        PrimaryKeyConstraint("owner_key", "path"),
        sqlite_with_rowid=False,
    )


snapshot_files = _files_of("snapshot")

workspace_blobs = Table(
    "workspace_blobs",
    metadata,
    _workspace(),
    Column("digest", Text),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "digest"),
    sqlite_with_rowid=False,
)

environments = Table(
    "environments",
    metadata,
    Column("key", Key, primary_key=True),
    _workspace(),
    _text("name"),
    _text("version"),
    Column("spec", Document(EnvironmentSpec), nullable=False),
    Column("definition", Document(dict[str, Any]), nullable=False),
    _moment(),
    UniqueConstraint("workspace_id", "name", "version"),
    Index(None, "workspace_id", "name", "key"),
)

model_names = Table(
    "model_names",
    metadata,
    _workspace(),
    Column("name", Text),
    Column("last_version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)

models = Table(
    "models",
    metadata,
    Column("key", Key, primary_key=True),
    _workspace(cascade=False),
    _text("id"),
    _text("name"),
    Column("version", Integer, nullable=False),
    _labels("tags"),
    _labels("properties"),
    _text("description"),
    _text("framework"),
    _text("framework_version"),
    Column("run_id", Text),
    Column("experiment_name", Text),
    _text("created_by"),
    _moment(),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "key"),
    Index(None, "workspace_id", "name", "key"),
    Index(None, "workspace_id", "run_id", "key"),
)

model_files = _files_of("model")

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    _workspace(cascade=False),
    _text("name"),
    Column("kind", Word(EndpointKind), nullable=False),
    Column("auth_mode", Word(AuthMode), nullable=False),
    Column("spec", Document(DeploymentSpec), nullable=False),
    Column("state", Word(State), nullable=False),
    Column("error", Document(EndpointError)),
    Column("generation", Integer, nullable=False),
    Column("port", Integer),
    _labels("tags"),
    _labels("properties"),
    _text("description"),
    _text("created_by"),
    _moment(),
    _moment("updated_at"),
    UniqueConstraint("workspace_id", "name"),
)

endpoint_keys = Table(
    "endpoint_keys",
    metadata,
    Column("endpoint_id", Text, ForeignKey("endpoints.id", ondelete="CASCADE"), primary_key=True),
    _text("primary_key"),
    _text("secondary_key"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("name"),
    _text("role"),
    Column("workspace_id", Text),
    Column("run_id", Text),
    Column("attempt", Integer, nullable=False),
    _moment(),
    Index(None, "workspace_id", "run_id"),
)

answers = Table(
    "answers",
    metadata,
    Column("principal", Text),
    Column("key", Text),
    _text("request_digest"),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _moment(),
    PrimaryKeyConstraint("principal", "key"),
    Index(None, "created_at"),
)
