"""The files of a table on this machine, as the engine can read them, and a folder to work in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.endings import has_several_endings, with_one_ending
from zaffre_sdk.data.tabular.preparing import SourceFile, prepare
from zaffre_sdk.wire.datasets import Definition, Delimited, SqlQuery

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient


def source_files(client: WorkspaceClient | None, definition: Definition) -> list[SourceFile]:
    """Return the files of a definition; those that are far are fetched.

    Raises:
        NoFilesError: A place has none.
    """
    from zaffre_sdk.data.listing import list_files, local_files  # noqa: PLC0415 (brings the ways)

    if definition.reader is None or isinstance(definition.reader, SqlQuery):
        return []
    listed = list_files(client, definition)
    return [
        SourceFile(one.shown, path, f"/{one.file.path.lstrip('/')}")
        for one, path in zip(listed, local_files(listed))
    ]


@contextmanager
def gathered(
    client: WorkspaceClient | None,
    definition: Definition,
    files: Sequence[SourceFile] | None = None,
) -> Iterator[list[SourceFile]]:
    """Give the files of a definition as the engine can read them, while the context lasts."""
    known = list(files) if files is not None else source_files(client, definition)
    reader = definition.reader
    with tempfile.TemporaryDirectory(prefix="zaffre-table-") as folder:
        ready = prepare(known, reader, Path(folder))
        if isinstance(reader, Delimited):
            for index, file in enumerate(ready):
                if has_several_endings(file, reader):
                    ready[index] = with_one_ending(file, Path(folder, f"{index:06}-lines"))
        yield ready
