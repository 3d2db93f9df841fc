"""How SQLite is opened: durable, and with one connection that ever writes or checkpoints.

SQLite before 3.51.3 can corrupt a database when two connections checkpoint it; ours has one
connection that writes and checkpoints, and others that cannot do either.
"""

import sqlite3
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

BUSY_SECONDS = 15.0
"""How long to wait for another program that holds the database, such as a backup."""

_BOTH = ("foreign_keys=ON", "trusted_schema=OFF", "mmap_size=0", "cache_size=-16384")
_WRITER = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "wal_autocheckpoint=2000",
    f"journal_size_limit={16 * 1024 * 1024}",
)
_READER = ("query_only=ON", "wal_autocheckpoint=0")


def open_raw(path: Path, *, reader: bool) -> sqlite3.Connection:
    """Open the file without SQLAlchemy; transactions are begun and ended by the caller."""
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if reader else 'rwc'}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    for pragma in (*_BOTH, *(_READER if reader else _WRITER)):
        raw.execute(f"PRAGMA {pragma}").close()
    return raw


def open_connection(path: Path, *, reader: bool) -> Connection:
    """Open the file for statements of SQLAlchemy.

    To SQLAlchemy it is one transaction for ever; the real ones are begun and ended on the
    connection underneath, which `raw_of` returns.
    """
    engine = create_engine(
        "sqlite+pysqlite://", creator=partial(open_raw, path, reader=reader), poolclass=NullPool
    )
    return engine.connect()


def raw_of(connection: Connection) -> sqlite3.Connection:
    """Return the connection underneath."""
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError(f"{raw!r} is not a connection to SQLite")
    return raw
