"""Numbers that programs give to steps, checked before anything is read."""

from __future__ import annotations

import os
from numbers import Integral, Real
from typing import Any

from azureml.exceptions import UserErrorException

_SEED_BYTES = 4


def count_of(count: Any) -> int:
    """Return how many are to be taken or skipped.

    Raises:
        ValueError: It is no whole number from 0.
    """
    if isinstance(count, bool) or not isinstance(count, Integral) or count < 0:
        raise ValueError(f"count must be a positive integer, not {count!r}.")
    return int(count)


def share_of(share: Any, argument: str) -> float:
    """Return a part of the whole.

    Raises:
        ValueError: It is no number between 0 and 1.
    """
    is_number = isinstance(share, Real) and not isinstance(share, bool)
    if not is_number or not 0 <= share <= 1:
        raise ValueError(f"{argument} must be a number between 0.0 and 1.0, not {share!r}.")
    return float(share)


def seed_of(seed: Any) -> int:
    """Return a seed; one by chance without.

    It becomes part of the definition, so that a sample stays what it is when it is registered.

    Raises:
        UserErrorException: It is no whole number.
    """
    if seed is None:
        return int.from_bytes(os.urandom(_SEED_BYTES), "big")
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise UserErrorException(f"`seed` is {seed!r}; a whole number is expected.")
    return int(seed)


def columns_of(columns: Any) -> list[str]:
    """Return names of columns, each but once.

    Raises:
        UserErrorException: They are no texts, or none.
    """
    given = [columns] if isinstance(columns, str) else columns
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
        raise UserErrorException(
            f"`columns` is {columns!r}; the name of a column, or a list of names, is expected."
        )
    if not given:
        raise UserErrorException("`columns` is empty; name at least one column.")
    return list(dict.fromkeys(given))
