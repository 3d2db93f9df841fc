"""A local folder on its way to a datastore, as a dataset."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.data import _sending
from azureml.data._exporting import say, silent
from azureml.data._places import target_of
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.sending import files_below

if TYPE_CHECKING:
    from azureml.data.file_dataset import FileDataset


def upload_directory(
    src_dir: Any,
    target: Any,
    *,
    pattern: str | None = None,
    overwrite: bool = False,
    show_progress: bool = True,
) -> FileDataset:
    """Send the files of a folder, and return the FileDataset over them."""
    tell = say if show_progress else silent
    tell("Validating arguments.")
    store, folder = target_of(target)
    source = Path(src_dir).expanduser().absolute()
    if not source.is_dir():
        raise UserErrorException(
            f"`src_dir` is `{src_dir}`, which is no folder ({source}).\nName an existing folder."
        )
    tell("Arguments validated.")
    fate = "overwritten" if overwrite else "skipped"
    tell(
        f"'overwrite' is set to {overwrite}. Any file already present in the target will be "
        f"{fate}."
    )
    tell(f"Uploading files from '{source}' to '{folder}'")
    send(source, store, folder, pattern=pattern, overwrite=overwrite, show_progress=show_progress)
    tell("Creating new dataset")
    files = _late.find("azureml.data.dataset_factory", "FileDatasetFactory")
    made: FileDataset = files.from_files((store, folder))
    return made


def send(
    source: Path,
    store: Any,
    folder: str,
    *,
    pattern: str | None = None,
    overwrite: bool = False,
    show_progress: bool = False,
) -> None:
    """Send the files of a folder to one of a datastore.

    Raises:
        UserErrorException: No file meets the pattern.
    """
    with execution("upload_directory"):
        files = files_below(source)
    if pattern is not None:
        if show_progress:
            say(f"Filtering files with pattern matching {pattern}")
        files = {name: one for name, one in files.items() if fnmatch(one.as_posix(), pattern)}
    if not files:
        words = f" that meets `{pattern}`" if pattern else ""
        raise UserErrorException(f"There is no file in `{source}`{words}; nothing was sent.")
    with execution("upload_directory"):
        _sending.send(files, store, folder, overwrite=overwrite, show_progress=show_progress)
