"""Empty databases, copied: faster than to migrate one for each test."""

import tempfile
from functools import cache
from pathlib import Path

from zaffre.adapters.sql.database import open_database, prepare
from zaffre.adapters.sql.transactions import SqliteTransactions


def open_empty(path: Path) -> SqliteTransactions:
    """Open the database at `path`; a copy of an empty one, unless there is one already."""
    if not path.exists():
        path.write_bytes(_empty())
        path.chmod(0o600)
    return open_database(path)


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "zaffre.db"
        prepare(path)
        return path.read_bytes()
