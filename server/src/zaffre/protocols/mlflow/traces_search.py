"""Searches of traces, page by page."""

import json
from typing import Final, NamedTuple

import msgspec

from zaffre.domain.errors import InvalidError
from zaffre.domain.traces import Trace
from zaffre.ports.traces import Place, TraceQuery
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.grammar.traces import trace_conditions, trace_order
from zaffre.protocols.mlflow.ids import own_ids
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.services.work import Services

_MAX_RESULTS: Final = 500
_MAX_EXPERIMENTS: Final = 1000


class SearchTraces(msgspec.Struct):
    """What is searched; the query of older programs."""

    experiment_ids: list[str] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


class Found(NamedTuple):
    """A page.

    Attributes:
        token: Of the next page; None at the end.
    """

    traces: list[Trace]
    token: str | None


async def find_traces(call: MlflowCall, asked: SearchTraces) -> Found:
    """Return a page of traces.

    Raises:
        InvalidError: `InvalidFilter`, `InvalidOrder`, `InvalidPageToken`, `InvalidPageSize` or
            `TooManyExperiments`.
    """
    _check_size(asked)
    conditions, order = trace_conditions(asked.filter), trace_order(asked.order_by)
    ids = sorted(asked.experiment_ids)
    tokens = PageTokens(call, "traces", ids, asked.filter, asked.order_by)
    place = tokens.open(asked.page_token)
    after = json.loads(place) if place else None

    def search(services: Services) -> list[tuple[Trace, Place]]:
        query = TraceQuery(
            experiment_ids=tuple(
                own_ids(services, call.workspace, asked.experiment_ids, caller=call.caller)
            ),
            conditions=conditions,
            order=order,
        )
        return services.traces.search(
            call.workspace, query, caller=call.caller, limit=asked.max_results + 1, after=after
        )

    found = await call.read(search)
    page = [trace for trace, _ in found[: asked.max_results]]
    if len(found) <= asked.max_results:
        return Found(page, None)
    last = found[asked.max_results - 1][1]
    return Found(page, tokens.make(json.dumps([*last])))


def _check_size(asked: SearchTraces) -> None:
    if not 0 < asked.max_results <= _MAX_RESULTS:
        raise InvalidError(
            "InvalidPageSize",
            f"Invalid value {asked.max_results} for parameter 'max_results' supplied: "
            f"It must be between 1 and {_MAX_RESULTS}.",
            target="max_results",
        )
    if len(asked.experiment_ids) > _MAX_EXPERIMENTS:
        raise InvalidError(
            "TooManyExperiments",
            f"At most {_MAX_EXPERIMENTS} experiments can be searched at once.",
            target="experiment_ids",
        )
