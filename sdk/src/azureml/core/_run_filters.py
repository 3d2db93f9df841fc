"""Which runs a program asks for, in the words of v1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from zaffre_sdk.wire.runs import RunOut

_KINDS = {"script": "azureml.scriptrun"}


class Wanted:
    """Which runs to give.

    Args:
        tags: A key, or several, each of them alone or with its value.
        properties: As `tags`.
        status: A state, or several.
        type: A kind of runs, such as `azureml.scriptrun`.
    """

    def __init__(
        self,
        tags: Any = None,
        properties: Any = None,
        status: Any = None,
        type: str | None = None,
    ) -> None:
        self._tags = label_filter(tags, "tags")
        self._properties = label_filter(properties, "properties")
        self._type = type
        states = status if isinstance(status, str) or status is None else ",".join(status)
        asked = {"tag": _words(self._tags), "property": _words(self._properties), "state": states}
        self.query: dict[str, Any] = {key: value for key, value in asked.items() if value}

    def has(self, run: RunOut) -> bool:
        """Tell whether a run that the server gave fits in what the server cannot be asked."""
        return (
            (self._type is None or type_of(run) == self._type)
            and fits(run.tags, self._tags)
            and fits(run.properties, self._properties)
        )


def type_of(run: RunOut) -> str | None:
    """Return the kind of a run as v1 names it; None for one that its program drives."""
    return _KINDS.get(run.spec.kind)


def label_filter(wanted: Any, argument: str) -> dict[str, str | None]:
    """Return what labels are asked for; a value of None asks for the key alone.

    Args:
        wanted: A key, a list of keys and of `[key, value]`, or a dictionary.
        argument: What `wanted` is called.

    Raises:
        UserErrorException: It is none of them.
    """
    if wanted is None:
        return {}
    if isinstance(wanted, str):
        return {wanted: None}
    if isinstance(wanted, dict):
        return {str(key): None if one is None else str(one) for key, one in wanted.items()}
    if isinstance(wanted, (list, tuple, set, frozenset)):
        return dict(_label(one) for one in wanted)
    raise UserErrorException(
        f"`{argument}` must be a key, a list of keys or a dictionary, not {wanted!r} "
        f"({type(wanted).__name__})."
    )


def _label(wanted: Any) -> tuple[str, str | None]:
    if isinstance(wanted, (list, tuple)) and len(wanted) == len(("key", "value")):
        return str(wanted[0]), str(wanted[1])
    return str(wanted), None


def fits(labels: dict[str, str], wanted: dict[str, str | None]) -> bool:
    """Tell whether labels have all that is asked for."""
    return all(key in labels and value in (None, labels[key]) for key, value in wanted.items())


def _words(labels: dict[str, str | None]) -> str:
    """Return what the server can be asked for: a comma ends a word there, `=` ends a key."""
    words = []
    for key, value in labels.items():
        if "," not in key and "=" not in key:
            words.append(key if value is None or "," in value else f"{key}={value}")
    return ",".join(words)
