"""Searches of registered models and versions: what is asked, and where the next page begins."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from zaffre.domain.errors import InvalidError
from zaffre.domain.search import Condition, OrderKey
from zaffre.ports.registry import ModelSearch
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.grammar.models import (
    registered_conditions,
    registered_order,
    split_prompts,
    version_conditions,
    version_order,
)
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.protocols.mlflow.registry_shapes import SearchIn

T = TypeVar("T")


class _Searched(NamedTuple):
    name: str
    conditions: Callable[[str], tuple[Condition, ...]]
    order: Callable[[Iterable[str]], tuple[OrderKey, ...]]
    some: int
    most: int


_MODELS: Final = _Searched(
    "registered-models", registered_conditions, registered_order, some=100, most=1000
)
_VERSIONS: Final = _Searched(
    "model-versions", version_conditions, version_order, some=10_000, most=200_000
)


class ModelPages:
    """The pages of one search of registered models or versions.

    Attributes:
        wanted: What the page that was asked for has, and one more.
    """

    def __init__(self, wanted: ModelSearch, tokens: PageTokens) -> None:
        self.wanted = wanted
        self._tokens = tokens

    def cut(self, found: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """Return the page without the one too many, and the token of the next if there is one."""
        size = self.wanted.limit - 1
        if len(found) <= size:
            return found, {}
        return found[:size], {"next_page_token": self._tokens.make(str(self.wanted.offset + size))}


def registered_pages(call: MlflowCall, body: SearchIn) -> ModelPages:
    """Return which registered models are asked for."""
    return _pages(call, body, _MODELS)


def version_pages(call: MlflowCall, body: SearchIn) -> ModelPages:
    """Return which versions are asked for."""
    return _pages(call, body, _VERSIONS)


def _pages(call: MlflowCall, body: SearchIn, searched: _Searched) -> ModelPages:
    conditions, prompts = split_prompts(searched.conditions(body.filter))
    tokens = PageTokens(call, searched.name, body.filter, body.order_by)
    wanted = ModelSearch(
        conditions=conditions,
        order=searched.order(body.order_by),
        prompts=prompts,
        limit=page_size(body.max_results, some=searched.some, most=searched.most) + 1,
        offset=int(tokens.open(body.page_token) or 0),
    )
    return ModelPages(wanted, tokens)


def page_size(asked: int | None, *, some: int, most: int) -> int:
    """Return how many things a page has.

    Raises:
        InvalidError: `InvalidPageSize`.
    """
    if asked is None:
        return some
    if not 1 <= asked <= most:
        raise InvalidError(
            "InvalidPageSize",
            "Invalid value for request parameter max_results. It must be at least 1 and at most "
            f"{most}, but got value {asked}.",
            target="max_results",
        )
    return asked
