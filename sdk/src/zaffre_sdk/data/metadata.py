"""What is known of a file without opening it, as columns that conditions may name."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zaffre_sdk.data.listed import ListedFile

METADATA = ("Size", "LastModifiedTime", "CreationTime", "Extension", "CanSeek")
# No part of a path can give a column such a name: `:` begins a format there.
_PREFIX = "file:"


def metadata_column(name: str) -> str:
    """Return the column that a condition names for what is known of a file."""
    return _PREFIX + name


def metadata_of(one: ListedFile) -> dict[str, Any]:
    """Return what is known of a file by column; a place tells when it changed, not more."""
    changed = datetime.fromtimestamp(one.file.modified_at, timezone.utc).replace(tzinfo=None)
    suffix = PurePosixPath(one.relative).suffix
    values = (one.file.size, changed, changed, suffix, True)
    return {metadata_column(name): value for name, value in zip(METADATA, values)}
