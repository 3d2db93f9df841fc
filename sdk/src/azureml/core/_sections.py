"""Plain data with names in camelCase outside, as in files of environments and runs."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from azureml.core.conda_dependencies import CondaDependencies

S = TypeVar("S", bound="Section")


def camel(name: str) -> str:
    """Return `name_like_this` as `nameLikeThis`."""
    head, *rest = name.strip("_").split("_")
    return head + "".join(one.capitalize() for one in rest)


def snake(name: str) -> str:
    """Return `nameLikeThis` as `name_like_this`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class Section:
    """A group of settings; the public attributes are what is written to files."""

    def to_dict(self) -> dict[str, Any]:
        """Return the settings under their names in files."""
        return {
            camel(name): _outward(value)
            for name, value in self._settings().items()
            if not name.startswith("_")
        }

    def update(self: S, content: Any) -> S:  # noqa: PYI019 - Python 3.9 has no Self
        """Take over what `content` says; names that are not known are kept aside unread."""
        if isinstance(content, dict):
            for key, value in content.items():
                name = snake(str(key))
                if name in self._settings() and not name.startswith("_"):
                    setattr(self, name, _inward(getattr(self, name), value))
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._settings() == other._settings()

    __hash__ = None  # type: ignore[assignment] # it changes

    def _settings(self) -> dict[str, Any]:
        # Fields that no constructor sets are attributes of the class until they are assigned.
        declared = {
            name: getattr(self, name) for name in getattr(self, "__dataclass_fields__", ())
        }
        return {**declared, **vars(self)}

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name}={value!r}" for name, value in self._settings().items())
        return f"{type(self).__name__}({pairs})"


def _outward(value: Any) -> Any:
    if isinstance(value, Section):
        return value.to_dict()
    if isinstance(value, CondaDependencies):
        return value.as_dict()
    if isinstance(value, dict):
        return {key: _outward(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_outward(one) for one in value]
    return value


def _inward(present: Any, value: Any) -> Any:
    if isinstance(present, Section) and (value is None or isinstance(value, dict)):
        return present.update(value)
    if isinstance(present, CondaDependencies) and isinstance(value, dict):
        return CondaDependencies(_underlying_structure=value)
    if value is None and isinstance(present, (list, dict)):
        return type(present)()
    return value
