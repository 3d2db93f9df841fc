"""Comparisons of a text that is known here, not in the database."""

import re

from zaffre.domain.search import Comparison, Value


def matches(text: str, comparison: Comparison, value: Value) -> bool:
    """Tell whether a text meets a comparison."""
    if isinstance(value, tuple):
        return (text in value) is (comparison is Comparison.IN)
    wanted = str(value)
    if comparison in {Comparison.EQUAL, Comparison.UNEQUAL}:
        return (text == wanted) is (comparison is Comparison.EQUAL)
    flags = re.DOTALL | (re.IGNORECASE if comparison is Comparison.ILIKE else 0)
    marks = {"%": ".*", "_": "."}
    # Several `%` in a row mean one, and would make the search for a match long.
    parts = re.sub("%+", "%", wanted)
    pattern = "".join(marks.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(pattern, text, flags) is not None
