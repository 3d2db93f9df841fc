"""Searches of registered models and versions: what is asked, and where the next page begins."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final, TypeVar

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.ports.registry import ModelSearch
from zaffre.protocols.mlflow.grammar.models import (
    registered_conditions,
    registered_order,
    split_prompts,
    version_conditions,
    version_order,
)
from zaffre.protocols.mlflow.registry_shapes import SearchIn

T = TypeVar("T")
_MOST_MODELS: Final = 1000
_MOST_VERSIONS: Final = 200_000
_SOME_MODELS: Final = 100
_SOME_VERSIONS: Final = 10_000
_MAX_OFFSET_DIGITS: Final = 15


def registered_search(body: SearchIn) -> ModelSearch:
    """Return which registered models are asked for, and one more."""
    conditions, prompts = split_prompts(registered_conditions(body.filter))
    return ModelSearch(
        conditions=conditions,
        order=registered_order(body.order_by),
        prompts=prompts,
        limit=page_size(body.max_results, some=_SOME_MODELS, most=_MOST_MODELS) + 1,
        offset=offset_in(body.page_token),
    )


def version_search(body: SearchIn) -> ModelSearch:
    """Return which versions are asked for, and one more."""
    conditions, prompts = split_prompts(version_conditions(body.filter))
    return ModelSearch(
        conditions=conditions,
        order=version_order(body.order_by),
        prompts=prompts,
        limit=page_size(body.max_results, some=_SOME_VERSIONS, most=_MOST_VERSIONS) + 1,
        offset=offset_in(body.page_token),
    )


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


def next_token(found: Sequence[T], offset: int, limit: int) -> tuple[Sequence[T], dict[str, str]]:
    """Return the page without the one too many, and the token of the next page if there is one."""
    size = limit - 1
    if len(found) <= size:
        return found, {}
    token = base64.urlsafe_b64encode(str(offset + size).encode()).decode()
    return found[:size], {"next_page_token": token}


def offset_in(token: str) -> int:
    """Return how many things the token passes over.

    Raises:
        InvalidError: `InvalidContinuation`.
    """
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _bad_token(token) from None
    if token and (not text.isdigit() or len(text) > _MAX_OFFSET_DIGITS):
        raise _bad_token(token)
    return int(text) if token else 0


def _bad_token(token: str) -> InvalidError:
    return InvalidError(
        "InvalidContinuation",
        f"Invalid page token {shown(token)}.",
        target="page_token",
        hint="Send the token of the answer before, or search again from the start.",
    )
