"""Local files on their way to a datastore, as far as the user is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of
from zaffre_sdk.data.progress import SILENT, PrintedUpload
from zaffre_sdk.data.sending import send_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def send(
    files: Mapping[str, Path], store: Any, folder: str, *, overwrite: bool, show_progress: bool
) -> None:
    """Send files to a folder of a datastore, each to the path that it is given by.

    Args:
        files: By their paths below the folder.
        store: The datastore.
        folder: Below its top.
        overwrite: Replace files that are there; else they stay as they are.
        show_progress: Print each file.
    """
    progress = PrintedUpload() if show_progress else SILENT
    send_files(
        nouns_of(store.workspace).workspace,
        store.name,
        files,
        target=folder,
        overwrite=overwrite,
        progress=progress,
    )
    if isinstance(progress, PrintedUpload):
        progress.close()
