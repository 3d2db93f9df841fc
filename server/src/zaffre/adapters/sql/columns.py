"""Column types that speak the domain's language."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, runtime_checkable

import msgspec
from sqlalchemy import BigInteger, Dialect, Double, Integer, Text
from sqlalchemy.types import TypeDecorator

# SQLite makes only a column declared INTEGER its row id.
Key = BigInteger().with_variant(Integer(), "sqlite")

# The standard library's JSON keeps NaN and infinities, and its escapes keep every character that
# a database would refuse in a text.
_encode = json.JSONEncoder(separators=(",", ":")).encode


@runtime_checkable
class Readable(Protocol):
    """A type whose stored values, those that are not null, are read by one call of one argument.

    SQLAlchemy makes three calls of it, which is most of what reading a row costs.
    """

    def reader(self) -> Callable[[Any], Any]:
        """Return what turns a stored value into one of the domain."""


class Moment(TypeDecorator[datetime]):
    """An aware time as seconds since the epoch: exact to the microsecond for centuries."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the seconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.timestamp()

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Return the time in UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def reader(self) -> Callable[[float], datetime]:
        """Return what turns seconds into a time."""
        return partial(datetime.fromtimestamp, tz=UTC)


class Word(TypeDecorator[StrEnum]):
    """A member of an enumeration by its value."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the value."""
        return None if value is None else value.value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Return the member."""
        return None if value is None else self.words(value)

    def reader(self) -> Callable[[str], StrEnum]:
        """Return what turns a value into a member."""
        return {word.value: word for word in self.words}.__getitem__


class Document(TypeDecorator[Any]):
    """A frozen dataclass or a plain value as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:  # noqa: ANN401 - types such as dict[str, str] have no common type
        super().__init__()
        self.shape = shape
        self._decode = msgspec.json.Decoder(shape).decode

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Return the text."""
        return None if value is None else _encode(msgspec.to_builtins(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Return the value in its shape."""
        return None if value is None else self._read(value)

    def reader(self) -> Callable[[str], Any]:
        """Return what turns a text into a value."""
        return self._read

    def _read(self, value: str) -> Any:  # noqa: ANN401 - as above
        try:
            return self._decode(value)
        except msgspec.DecodeError:
            # Not-a-number, infinities and half characters, which strict JSON does not have.
            return msgspec.convert(json.loads(value), self.shape)


Labels = Document(dict[str, str])
"""Tags or properties."""
