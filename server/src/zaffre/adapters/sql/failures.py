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


def is_broken(error: BaseException, path: Path) -> bool:
    """Tell whether what the disk holds cannot be trusted any more until a restart."""
    cause = _cause_of(error)
    return cause is not None and _primary_code(cause) in _BROKEN and not _is_full(cause, path)


def translated(error: BaseException, path: Path) -> ZaffreError | None:
    """Return what callers are told of a failure of SQLite; None when it is none, or our bug."""
    cause = _cause_of(error)
    return None if cause is None else _translated(cause, path)


def broken() -> UnavailableError:
    """Return what callers are told once the disk has failed."""
    return UnavailableError(
        "DatabaseFailed",
        "The disk failed under the database, so that nothing can be stored safely.",
        target="database",
        hint="Look at the server's log and the disk, then restart the server.",
    )


def _translated(error: sqlite3.Error, path: Path) -> ZaffreError | None:
    if _is_full(error, path):
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


def _cause_of(error: BaseException) -> sqlite3.Error | None:
    """Return SQLite's error, whether SQLAlchemy wrapped it or not."""
    if isinstance(error, DBAPIError):
        return error.orig if isinstance(error.orig, sqlite3.Error) else None
    return error if isinstance(error, sqlite3.Error) else None


def _is_full(error: sqlite3.Error, path: Path) -> bool:
    """Tell whether the disk has no room left; SQLite calls some of these cases I/O errors."""
    code = _primary_code(error)
    if code == sqlite3.SQLITE_IOERR:
        return _room(path.parent) < _ROOM_NEEDED
    return code == _FULL


def _room(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return _ROOM_NEEDED  # The folder is gone, or its disk is: full is not what it is.


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
