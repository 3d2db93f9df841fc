"""Folders with a Dockerfile, sent to a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azureml.core import _yaml
from azureml.core._nouns import nouns_of
from azureml.exceptions import UserErrorException
from zaffre_sdk.errors import SdkError
from zaffre_sdk.files.sources import SourceFiles


def send_context(workspace: Any, path: str, dockerfile_path: str) -> tuple[str, dict[str, str]]:
    """Send the files of a folder; return its Dockerfile and the digests of the files by path.

    Raises:
        UserErrorException: There is no such folder, or no Dockerfile in it.
    """
    folder = Path(path)
    if not (folder / dockerfile_path).is_file():
        raise UserErrorException(
            f"The folder `{folder}` has no file `{dockerfile_path}`.\n"
            "Name the Dockerfile with `dockerfile_path`."
        )
    text = _yaml.read_text(folder / dockerfile_path, "Dockerfile")
    nouns = nouns_of(workspace)
    try:
        files = SourceFiles(folder).collect()
        nouns.workspace.blobs.send(files)
    except SdkError as error:
        raise UserErrorException(error.message, error) from error
    return text, {file.entry.path: file.entry.digest for file in files}
