"""Columns out of paths: `{region}/{day:yyyy-MM-dd}.csv`."""

from __future__ import annotations

from typing import Any

from azureml.exceptions import UserErrorException
from zaffre_sdk.data.tabular.partitions import keys_of as columns_of
from zaffre_sdk.data.tabular.partitions import values_of as parts_of
from zaffre_sdk.errors import SdkError


def check_format(form: Any) -> None:
    """Refuse a `partition_format` that cannot be.

    Raises:
        ValueError: It is none; says what is wrong in it.
    """
    if form is None:
        return
    if not isinstance(form, str):
        raise UserErrorException(f"`partition_format` is {form!r}; a text is expected.")
    try:
        columns_of(form)
    except SdkError as error:
        raise ValueError(f'Invalid partition_format "{form}". {error}') from error


def keys_of(form: str | None) -> list[str]:
    """Return the columns that a format makes: texts in their order, then the time."""
    return list(columns_of(form)) if form else []


def values_of(form: str, path: str) -> dict[str, Any]:
    """Return what the path of a file gives by column.

    Args:
        form: The format.
        path: Of the file.

    Raises:
        SourceError: The path has another form.
    """
    return dict(parts_of(form, f"/{path.lstrip('/')}"))
