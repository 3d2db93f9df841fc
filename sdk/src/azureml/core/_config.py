"""The file that says which workspace a folder belongs to."""

from __future__ import annotations

import json
from pathlib import Path

from azureml.core import _yaml
from azureml.exceptions import UserErrorException

FILE_NAME = "config.json"
_FOLDERS = (".azureml", "aml_config", "")
_KEYS = ("subscription_id", "resource_group", "workspace_name")


def read(path: str | None, file_name: str | None) -> dict[str, str]:
    """Return what the configuration says that belongs to `path`, or to the present folder.

    Args:
        path: The file itself, or a folder: it and those above it are searched.
        file_name: Another name than `config.json`.

    Raises:
        UserErrorException: There is none (names the folders), or it is not valid.
    """
    start = Path(path).expanduser() if path else Path.cwd()
    file = start if start.is_file() else _search(start, file_name or FILE_NAME)
    content = _yaml.parse_json(_yaml.read_text(file, "workspace configuration"), str(file))
    # Older versions wrapped the same three keys.
    content = content.get("Scope", content) if isinstance(content, dict) else {}
    missing = [key for key in _KEYS if not isinstance(content.get(key), str)]
    if missing:
        raise UserErrorException(
            f"`{file}` does not say which workspace it means: `{missing[0]}` is missing.\n"
            f"It is a JSON object with {', '.join(f'`{key}`' for key in _KEYS)}."
        )
    return {key: content[key] for key in _KEYS}


def write(content: dict[str, str], path: str | None, file_name: str | None) -> Path:
    """Write the configuration below `path` and return the file."""
    folder = Path(path or ".").expanduser()
    if folder.is_file():
        raise UserErrorException(f"`path` must be a folder; `{folder}` is a file.")
    file = folder / ".azureml" / (file_name or FILE_NAME)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    return file


def _search(start: Path, name: str) -> Path:
    if not start.is_dir():
        raise UserErrorException(f"`path` names `{start}`, which is not there.")
    searched = [start.resolve(), *start.resolve().parents]
    for folder in searched:
        for sub in _FOLDERS:
            if (folder / sub / name).is_file():
                return folder / sub / name
    folders = ", ".join(f"`{folder}`" for folder in searched)
    raise UserErrorException(
        f"No workspace configuration `{name}` was found in {folders}, nor in the folders "
        "`.azureml` and `aml_config` below them.\n"
        "Write one with `Workspace.write_config()`, or name its path: "
        "`Workspace.from_config(path=…)`."
    )
