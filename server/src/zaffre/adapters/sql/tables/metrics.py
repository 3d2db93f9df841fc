"""Tables of metrics."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Key
from zaffre.adapters.sql.tables.schema import metadata, text

metric_series = Table(
    "metric_series",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_key", Key, ForeignKey("runs.key"), nullable=False),
    text("name"),
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
    text("writer"),
    Column("sequence", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("layout", LargeBinary, nullable=False),
    UniqueConstraint("run_key", "writer", "sequence"),
    Index(None, "run_key", "start"),
)
