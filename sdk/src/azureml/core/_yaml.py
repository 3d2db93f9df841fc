"""YAML and JSON files of the user, read with errors that name file, line and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from azureml.exceptions import UserErrorException

_LARGEST = 1 << 20


def read_text(path: str | Path, what: str) -> str:
    """Return the text of a small UTF-8 file.

    Raises:
        UserErrorException: It is not there, not readable, too large or not UTF-8.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _LARGEST:
            raise UserErrorException(f"The {what} `{file}` is larger than 1 MB.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserErrorException(
            f"The {what} `{file}` is not UTF-8 text: {error.reason} at byte {error.start}."
        ) from error
    except OSError as error:
        raise UserErrorException(
            f"The {what} `{file}` cannot be read: {error.strerror}.", error
        ) from error


def parse_yaml(text: str, where: str) -> Any:
    """Return what the YAML `text` says.

    Raises:
        UserErrorException: It is not YAML; names `where` with line and column.
    """
    import yaml  # noqa: PLC0415 - slow to load, and few programs read such files

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise UserErrorException(f"`{where}{place}` is not valid YAML: {problem}.") from error
    except RecursionError as error:
        raise UserErrorException(f"`{where}` is nested too deeply.") from error


def parse_json(text: str, where: str) -> Any:
    """Return what the JSON `text` says.

    Raises:
        UserErrorException: It is not JSON; names `where` with line and column.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserErrorException(
            f"`{where}:{error.lineno}:{error.colno}` is not valid JSON: {error.msg}."
        ) from error


def dump_yaml(value: Any) -> str:
    """Return `value` as YAML text in the order in which it was written."""
    import yaml  # noqa: PLC0415 - slow to load, and few programs write such files

    return str(
        yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=True)
    )
