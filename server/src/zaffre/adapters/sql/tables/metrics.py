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
from sqlalchemy import (
    text as sql,
)

from zaffre.adapters.sql.columns import Key
from zaffre.adapters.sql.tables.schema import metadata, text

# `latest_*` is the point with the greatest step, time and number, in this order, among the plain
# numbers; `latest_step` is NULL when there is none. Not-a-number, which SQLite would turn into
# NULL, is told by its flag.
metric_series = Table(
    "metric_series",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_key", Key, ForeignKey("runs.key"), nullable=False),
    text("name"),
    Column("count", BigInteger, nullable=False),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("latest_number", Double),
    Column("latest_step", BigInteger),
    Column("latest_time", Double),
    Column("latest_is_nan", Integer, nullable=False, server_default="0"),
    UniqueConstraint("run_key", "name"),
)

# `ordinal` is that of the first point of the chunk within its series; `data` is what
# `stores.points` makes of up to a thousand points.
metric_chunks = Table(
    "metric_chunks",
    metadata,
    # No foreign key: checking it for each row would take a fifth of the time of storing it.
    Column("series_key", Key),
    Column("ordinal", BigInteger),
    Column("count", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("series_key", "ordinal"),
    sqlite_with_rowid=False,
)

# `start` is the position of the first point among all of the run. `data` has the points until
# they are folded into chunks; from then on `layout` tells which series each of them went to, so
# that points need no second index for the order across metrics. `waiting` weighs what was not
# folded when the batch came, itself included.
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
    Column("data", LargeBinary),
    Column("waiting", Integer, nullable=False, server_default="0"),
    UniqueConstraint("run_key", "writer", "sequence"),
    Index(None, "run_key", "start"),
)
metric_waiting = Index(
    "ix_metric_batches_waiting",
    metric_batches.c.run_key,
    metric_batches.c.start,
    sqlite_where=sql("data IS NOT NULL"),
    postgresql_where=sql("data IS NOT NULL"),
)
