"""Decisions by chance that come out the same every time, in Python and in SQL.

Everything is arithmetic below 2**62, which Python, DuckDB and NumPy do alike.
"""

from __future__ import annotations

import hashlib

_PRIME = 2**31 - 1


def keeps(seed: int, position: int, probability: float) -> bool:
    """Tell whether the record or file at a position, counted from 0, is kept."""
    a, b, c = _constants(seed)
    h = (position % _PRIME * a + b) % _PRIME
    h ^= h >> 15
    h = h * b % _PRIME
    h ^= h >> 13
    h = (h * c + a) % _PRIME
    h ^= h >> 16
    return h < _threshold(probability)


def keeps_sql(seed: int, position: str, probability: float) -> str:
    """Return the same decision as a condition of DuckDB over an expression for the position."""
    a, b, c = _constants(seed)
    h = f"((({position})::BIGINT % {_PRIME}) * {a} + {b}) % {_PRIME}"
    h = f"xor({h}, ({h}) >> 15) * {b} % {_PRIME}"
    h = f"(xor({h}, ({h}) >> 13) * {c} + {a}) % {_PRIME}"
    return f"xor({h}, ({h}) >> 16) < {_threshold(probability)}"


def _constants(seed: int) -> tuple[int, int, int]:
    digest = hashlib.sha256(str(seed).encode()).digest()
    a, b, c = (int.from_bytes(digest[i : i + 4], "big") % (_PRIME - 1) + 1 for i in (0, 4, 8))
    return a, b, c


def _threshold(probability: float) -> int:
    return round(probability * 2**31)
