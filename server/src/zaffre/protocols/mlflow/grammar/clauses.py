"""From tokens to clauses: what is compared with what, before anybody asks whether it exists."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.names import NameRule
from zaffre.domain.search import MAX_CONDITIONS, NULLS, Comparison
from zaffre.protocols.mlflow.grammar.tokens import (
    Kind,
    Token,
    invalid,
    invalid_order,
    tokens_of,
)

Literal = float | str | tuple[str, ...] | None
_QUOTES: Final = "`\"'"
_COMMA: Final = Token(Kind.MARK, ",")
_CLOSING: Final = Token(Kind.MARK, ")")


class Identifier(NamedTuple):
    """What a name means: `metrics.loss` is the `loss` of `metrics`.

    Attributes:
        entity: Empty when the name has no point in it.
    """

    entity: str
    key: str


class Clause(NamedTuple):
    """One comparison of a filter.

    Attributes:
        value: A number, a text, texts for `IN`, None for `IS NULL`.
    """

    identifier: Identifier
    comparison: Comparison
    value: Literal


def clauses_of(text: str | None) -> list[Clause]:
    """Return the clauses of a filter, all of which must hold.

    Raises:
        InvalidError: `InvalidFilter`, naming what was not understood.
    """
    if not text or not text.strip():
        return []
    parser = _Parser(tokens_of(text))
    clauses = [parser.clause()]
    while parser.takes_word("AND"):
        clauses.append(parser.clause())
        if len(clauses) > MAX_CONDITIONS:
            raise invalid(f"It has more than {MAX_CONDITIONS} conditions.")
    parser.end()
    return clauses


def order_of(text: str) -> tuple[Identifier, bool]:
    """Return what an entry of `order_by` sorts by, and whether it descends.

    Raises:
        InvalidError: `InvalidOrder`.
    """
    try:
        parser = _Parser(tokens_of(text))
        name = parser.identifier()
        descends = parser.takes_word("DESC")
        if not descends:
            parser.takes_word("ASC")
        parser.end()
    except InvalidError:
        raise invalid_order(
            f"Invalid order_by clause {shown(text)}. Could not be parsed.",
            hint="An entry is written like `metrics.loss DESC`.",
        ) from None
    return name, descends


class _Parser:
    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._next = next(tokens)

    def clause(self) -> Clause:
        name = self.identifier()
        comparison = self._comparison()
        if comparison in NULLS:
            return Clause(name, comparison, None)
        if comparison in {Comparison.IN, Comparison.NOT_IN}:
            return Clause(name, comparison, self._list())
        return Clause(name, comparison, self._literal())

    def identifier(self) -> Identifier:
        token = self._take()
        if token.kind is not Kind.WORD:
            raise invalid(f"Expected 'Identifier' found {_shown(token)}.")
        return _identifier(token.text)

    def takes_word(self, word: str) -> bool:
        if self._next.is_word(word):
            self._take()
            return True
        return False

    def end(self) -> None:
        if self._next.kind is not Kind.END:
            raise invalid(f"Invalid clause(s) in filter string: {_shown(self._next)}.")

    def _comparison(self) -> Comparison:
        token = self._take()
        if token.is_word("LIKE", "ILIKE", "IN") or token.kind is Kind.COMPARATOR:
            try:
                return Comparison(token.text.upper())
            except ValueError:
                raise invalid(f"Invalid comparator {_shown(token)}.") from None
        if token.is_word("NOT") and self.takes_word("IN"):
            return Comparison.NOT_IN
        if token.is_word("IS"):
            absent = not self.takes_word("NOT")
            if self.takes_word("NULL"):
                return Comparison.IS_NULL if absent else Comparison.IS_NOT_NULL
        raise invalid(f"Invalid comparison clause. Expected comparison found {_shown(token)}.")

    def _literal(self) -> float | str:
        token = self._take()
        if token.kind is Kind.NUMBER:
            return float(token.text)
        return _text_of(token)

    def _list(self) -> tuple[str, ...]:
        self._mark("(")
        texts = [_text_of(self._take())]
        while self._next == _COMMA:
            self._take()
            # One text with a comma behind it is how Python writes a tuple of one.
            if self._next != _CLOSING:
                texts.append(_text_of(self._take()))
        self._mark(")")
        return tuple(texts)

    def _mark(self, mark: str) -> None:
        token = self._take()
        if token != Token(Kind.MARK, mark):
            raise invalid(
                f"While parsing a list in the query, expected {shown(mark)}, "
                f"found {_shown(token)}."
            )

    def _take(self) -> Token:
        token = self._next
        if token.kind is not Kind.END:
            self._next = next(self._tokens)
        return token


def _identifier(text: str) -> Identifier:
    text = NameRule.normal(text)
    if text[0] in _QUOTES:
        end = text.index(text[0], 1) + 1
        entity, rest = text[:end], text[end:].removeprefix(".")
    else:
        entity, _, rest = text.partition(".")
    if not rest:
        return Identifier("", _unquoted(entity))
    return Identifier(_unquoted(entity), _unquoted(rest))


def _text_of(token: Token) -> str:
    if token.kind is Kind.TEXT:
        return token.text[1:-1].replace("''", "'")
    inner = token.text[1:-1]
    if token.kind is Kind.WORD and token.text == f'"{inner}"' and '"' not in inner:
        return inner
    raise invalid(
        f"Expected a quoted string value (e.g. 'my-value'), found {_shown(token)}. "
        "Use either single or double quotes."
    )


def _unquoted(name: str) -> str:
    is_quoted = len(name) > 1 and name[0] == name[-1] and name[0] in _QUOTES
    return name[1:-1] if is_quoted else name


def _shown(token: Token) -> str:
    return "the end" if token.kind is Kind.END else shown(token.text)
