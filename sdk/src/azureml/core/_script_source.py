"""The folder of a submission and the script in it, looked at before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path

from azureml.exceptions import UserErrorException

_SHOWN_SCRIPTS = 10


def checked_folder(source_directory: str) -> Path:
    """Return the source folder.

    Raises:
        UserErrorException: It is not there, or a file.
    """
    folder = Path(source_directory).expanduser()
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise UserErrorException(f"The `source_directory` `{folder.absolute()}` {what}.")
    return folder


def check_script(folder: Path, script: str | None) -> None:
    """Refuse a script that is not in the folder, or cannot be read.

    Raises:
        UserErrorException: Names both paths, and the scripts that there are.
    """
    if not script or not isinstance(script, str):
        raise UserErrorException("`script` must name a file below `source_directory`.")
    file = folder / script
    if not file.is_file():
        raise UserErrorException(
            f"The `script` `{script}` is not in the `source_directory` `{folder.absolute()}`.\n"
            f"Scripts in it: {_scripts(folder)}."
        )
    if not os.access(file, os.R_OK):
        raise UserErrorException(f"The `script` `{file}` cannot be read: permission denied.")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise UserErrorException(
            f"The `script` `{script}` leads out of the `source_directory` `{folder.absolute()}`.\n"
            "Only that folder is sent: put the script into it, and name it by its path in there."
        )


def _scripts(folder: Path) -> str:
    names = sorted(one.name for one in folder.glob("*.py"))
    return ", ".join(f"`{name}`" for name in names[:_SHOWN_SCRIPTS]) or "none"
