"""Tags and properties: words that people and programs hang on things.

Tags are free. Properties are written once: a later value that differs is refused, so that what a
program recorded about a run or a model stays true.
"""

import json
from collections.abc import Mapping

from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.names import TAG

MAX_LABELS = 255
MAX_VALUE_LENGTH = 131_072


def check_labels(labels: Mapping[str, str], *, target: str) -> dict[str, str]:
    """Return the labels with normalised keys.

    Raises:
        InvalidError: `TooManyLabels`, `InvalidName` or `TextTooLong`, about the field `target`.
    """
    if len(labels) > MAX_LABELS:
        raise InvalidError(
            "TooManyLabels",
            f"There are {len(labels)} {target}; at most {MAX_LABELS} are kept.",
            target=target,
        )
    return {
        TAG.check(key): check_text(value, target=f"{target}.{key}")
        for key, value in labels.items()
    }


def check_text(text: str, *, target: str) -> str:
    """Return the text.

    Raises:
        InvalidError: `TextTooLong` or `InvalidText`.
    """
    if len(text) > MAX_VALUE_LENGTH:
        raise InvalidError(
            "TextTooLong",
            f"The text {shown(text)} of {shown(target)} has {len(text)} characters.",
            target=target,
            hint=f"At most {MAX_VALUE_LENGTH} are kept; put more into a file.",
        )
    if "\0" in text:
        raise InvalidError(
            "InvalidText", f"The text {shown(text)} has a NUL character.", target=target
        )
    return text


def change_tags(present: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return the tags after the changes; a value of None removes the tag."""
    merged = {**present, **{TAG.check(key): value for key, value in changes.items()}}
    return check_labels(
        {key: value for key, value in merged.items() if value is not None}, target="tags"
    )


def listed(text: str) -> list[object]:
    """Return a list that a tag holds as JSON; empty if a program put something else there."""
    try:
        known = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return known if isinstance(known, list) else []


def add_properties(present: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return the properties with those added; adding an equal one again changes nothing.

    Raises:
        ConflictError: `PropertyExists`, with both values.
    """
    for key, value in check_labels(added, target="properties").items():
        if present.get(key, value) != value:
            raise ConflictError(
                "PropertyExists",
                f"The property {shown(key)} is {shown(present[key])} "
                f"and cannot become {shown(value)}.",
                target=f"properties.{key}",
                hint="Properties are written once; use a tag for what changes.",
            )
    return check_labels({**present, **added}, target="properties")
