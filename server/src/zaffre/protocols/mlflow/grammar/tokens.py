"""From text to tokens."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

MAX_LENGTH: Final = 65_536


class Kind(Enum):
    """What a token is."""

    NUMBER = auto()
    WORD = auto()
    """A name, which may have parts in quotes, or a keyword."""
    TEXT = auto()
    """In single quotes."""
    COMPARATOR = auto()
    MARK = auto()
    """A parenthesis or a comma."""
    END = auto()


class Token(NamedTuple):
    """A piece of a filter, as it is written."""

    kind: Kind
    text: str

    def is_word(self, *words: str) -> bool:
        """Tell whether it is one of these keywords, whatever its case."""
        return self.kind is Kind.WORD and self.text.upper() in words


_QUOTED: Final = r"`[^`]*`|\"[^\"]*\""
_BARE: Final = r"[\w\-/:@+#]+"
_PATTERN: Final = re.compile(
    rf"""
      (?P<SPACE>\s+)
    | (?P<NUMBER>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])
        | [+-]?(?:inf|infinity|nan)(?![\w.]))
    | (?P<WORD>(?:{_QUOTED}|[^\W\d](?:{_BARE})?)(?:\.(?:{_QUOTED}|'[^']*'|{_BARE}))*)
    | (?P<TEXT>'(?:[^']|'')*')
    | (?P<COMPARATOR>[<>=!~]+)
    | (?P<MARK>[(),])
    """,
    re.VERBOSE | re.IGNORECASE,
)


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a filter, and then one `END`.

    Raises:
        InvalidError: `InvalidFilter`, with the place that cannot be read.
    """
    if len(text) > MAX_LENGTH:
        raise invalid(f"It has {len(text)} characters; at most {MAX_LENGTH} are read.")
    if "\0" in text:
        raise invalid("It has a NUL character.")
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise invalid(f"Invalid clause(s) in filter string: {shown(text[at:])}.")
        at = match.end()
        if match.lastgroup != "SPACE":
            yield Token(Kind[str(match.lastgroup)], match.group())
    yield Token(Kind.END, "")


def invalid(words: str) -> InvalidError:
    """Return the error for what cannot be understood."""
    return InvalidError(
        "InvalidFilter",
        words,
        target="filter",
        hint="A filter is written like `metrics.loss < 0.5 and params.lr = '0.1'`.",
    )


def invalid_order(words: str, *, hint: str) -> InvalidError:
    """Return the error for what nothing can be sorted by."""
    return InvalidError("InvalidOrder", words, target="order_by", hint=hint)
