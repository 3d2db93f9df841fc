"""Dictionaries of text, as programs give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Mapping


def text_values(values: Mapping[str, object], argument: str) -> dict[str, str]:
    """Return `values` with text in place of numbers and truth values.

    Raises:
        UserErrorException: A key or value is of another type; names both.
    """
    checked: dict[str, str] = {}
    if not hasattr(values, "items"):
        raise UserErrorException(f"`{argument}` must be a dictionary, not {values!r}.")
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, (str, int, float)):
            raise UserErrorException(
                f"`{argument}` must hold text: `{key}` is {value!r} ({type(value).__name__})."
            )
        checked[key] = str(value)
    return checked
