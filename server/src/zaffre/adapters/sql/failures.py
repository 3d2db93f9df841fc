"""What SQLite's own failures mean to the rest of the house."""

import shutil
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from zaffre.domain.errors import StorageFullError, UnavailableError, ZaffreError

_FULL = sqlite3.SQLITE_FULL
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ROOM_NEEDED = 1024 * 1024


def cause_of(error: BaseException) -> sqlite3.Error | None:
    """Return SQLite's error, whether SQLAlchemy wrapped it or not."""
    if isinstance(error, DBAPIError):
        return error.orig if isinstance(error.orig, sqlite3.Error) else None
    return error if isinstance(error, sqlite3.Error) else None


def is_full(error: sqlite3.Error, path: Path) -> bool:
    """Tell whether the disk has no room left; SQLite calls some of these cases I/O errors."""
    code = _primary_code(error)
    if code == sqlite3.SQLITE_IOERR:
        return shutil.disk_usage(path.parent).free < _ROOM_NEEDED
    return code == _FULL


def is_broken(error: sqlite3.Error, path: Path) -> bool:
    """Tell whether what the disk holds cannot be trusted any more until a restart."""
    return _primary_code(error) in _BROKEN and not is_full(error, path)


def translated(error: sqlite3.Error, path: Path) -> ZaffreError | None:
    """Return what callers are told; None when the error is a bug of ours."""
    if is_full(error, path):
        return StorageFullError(
            "StorageFull",
            "The disk that holds the database is full.",
            target="database",
            hint="Free space on it; nothing needs to be restarted.",
        )
    code = _primary_code(error)
    if code in _BUSY:
        return UnavailableError(
            "DatabaseBusy",
            "Another program holds the database.",
            target="database",
            hint="Try again; end backups or shells that keep the database locked.",
        )
    return broken() if code in _BROKEN else None


def broken() -> UnavailableError:
    """Return what callers are told once the disk has failed."""
    return UnavailableError(
        "DatabaseFailed",
        "The disk failed under the database, so that nothing can be stored safely.",
        target="database",
        hint="Look at the server's log and the disk, then restart the server.",
    )


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
