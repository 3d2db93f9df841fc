"""Opening a database: new, of an older version, or as it should be."""

import importlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from zaffre.adapters.sql.connections import open_connection, raw_of
from zaffre.adapters.sql.transactions import SqliteTransactions
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError

HEAD = "0004"
"""The newest revision in `migrations/versions`; revisions are numbers that grow."""

_LOCK_SECONDS = 120.0


def open_database(path: Path) -> SqliteTransactions:
    """Return the database of that file, made or migrated where needed.

    Raises:
        ConflictError: `SchemaTooNew`, when a newer zaffre wrote it; `NotADatabase`.
    """
    prepare(path)
    return SqliteTransactions(path)


def prepare(path: Path) -> None:
    """Make the file and bring its schema up to date; other processes wait meanwhile.

    Raises:
        ConflictError: `SchemaTooNew` or `NotADatabase`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # For the owner alone; SQLite gives the files beside it the same mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if _check_version(path):
        return
    with _alone(path):
        if not _check_version(path):
            _migrate(path)


def _check_version(path: Path) -> bool:
    """Tell whether the schema is the present one."""
    version = _version(path)
    if version is not None and version > HEAD:
        raise ConflictError(
            "SchemaTooNew",
            f"The database {shown(path)} has the schema {shown(version)} of a newer zaffre;"
            f" this one knows schemas up to {shown(HEAD)}.",
            target="database",
            hint="Install the newer zaffre again, or point ZAFFRE_HOME at another folder.",
        )
    return version == HEAD


def _version(path: Path) -> str | None:
    with closing(sqlite3.connect(path, timeout=_LOCK_SECONDS)) as raw:
        try:
            row = raw.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone()
            if not row[0]:
                return None
            found = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise ConflictError(
                "NotADatabase",
                f"The file {shown(path)} is not a database of zaffre.",
                target="database",
                hint="Move it away, or restore it from a backup.",
            ) from error
    return None if found is None else str(found[0])


def _migrate(path: Path) -> None:
    with closing(open_connection(path, reader=False)) as connection:
        raw = raw_of(connection)
        # Steps that rebuild a table would otherwise remove the rows that refer to it.
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("BEGIN IMMEDIATE")
        steps = importlib.import_module("zaffre.adapters.sql.migrations.upgrade")
        with connection.begin():
            steps.upgrade(connection)
    connection.engine.dispose()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that other processes wait for and that dies with this one.

    It is SQLite's own lock on an empty database beside ours: it works on every system.
    """
    lock = path.with_name(f"{path.name}.lock")
    with closing(sqlite3.connect(lock, timeout=_LOCK_SECONDS, isolation_level=None)) as raw:
        raw.execute("BEGIN EXCLUSIVE")
        yield
