"""Searches of runs."""

from dataclasses import replace
from typing import Any, Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.domain.runs import Run
from zaffre.domain.search import OrderKey, Place, RunField, RunSearch, Subject
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.grammar.runs import run_conditions, run_order
from zaffre.protocols.mlflow.ids import DEFAULT_ID, find_default
from zaffre.protocols.mlflow.messages import encode
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.run_json import from_tracked_run
from zaffre.protocols.mlflow.shapes import to_lifecycle, to_limit
from zaffre.services.work import Services

_MAX_EXPERIMENTS: Final = 100_000
_BY_START: Final = {(), (OrderKey(Subject.FIELD, RunField.STARTED, descending=True),)}
"""The orders in which a page continues behind a run, and not after so many."""


class SearchRuns(msgspec.Struct):
    """Which runs, in which order."""

    experiment_ids: list[str] | None = None
    filter: str | None = None
    run_view_type: str | int | None = None
    max_results: int | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


async def search_runs(call: MlflowCall, body: SearchRuns) -> bytes:
    """List the runs that meet a filter, with what was logged of them."""
    ids = tuple(dict.fromkeys(body.experiment_ids or ()))
    if len(ids) > _MAX_EXPERIMENTS:
        raise InvalidError(
            "TooManyExperiments",
            f"There are {len(ids)} experiments; at most {_MAX_EXPERIMENTS} are searched at once.",
            target="experiment_ids",
        )
    search = RunSearch(
        experiment_ids=ids,
        conditions=run_conditions(body.filter),
        order=run_order(body.order_by or ()),
        lifecycle=to_lifecycle(body.run_view_type),
    )
    limit = to_limit(body.max_results)
    tokens = PageTokens(call, "runs", ids, body.filter, body.order_by, search.lifecycle)
    place = _to_place(tokens.open(body.page_token))

    def page(services: Services) -> bytes:
        # Made into JSON in the thread that reads: a page may have megabytes.
        found = services.tracking.search(
            call.workspace,
            _with_default(services, call, search),
            caller=call.caller,
            limit=limit + 1,
            place=place,
        )
        answer: dict[str, Any] = {"runs": [from_tracked_run(one) for one in found[:limit]]}
        if len(found) > limit:
            following = _behind(found[limit - 1].run, search, place.offset + limit)
            answer["next_page_token"] = tokens.make(following)
        return encode(answer)

    return await call.read(page)


def _with_default(services: Services, call: MlflowCall, search: RunSearch) -> RunSearch:
    if DEFAULT_ID not in search.experiment_ids:
        return search
    default = find_default(services, call.workspace, caller=call.caller)
    others = tuple(one for one in search.experiment_ids if one != DEFAULT_ID)
    ids = others if default is None else (*others, default.id)
    return replace(search, experiment_ids=ids)


def _to_place(text: str) -> Place:
    if not text:
        return Place()
    offset, _, run_id = text.partition(" ")
    if run_id:
        return Place(began_at=float(offset), run_id=run_id)
    return Place(offset=int(offset))


def _behind(run: Run, search: RunSearch, offset: int) -> str:
    if search.order in _BY_START:
        return f"{run.began_at.timestamp()!r} {run.id}"
    return str(offset)


ROUTES: Final[list[Route]] = [
    route(
        "POST",
        "/api/2.0/mlflow/runs/search",
        search_runs,
        Permission.RUNS_READ,
        shape=SearchRuns,
    ),
]
