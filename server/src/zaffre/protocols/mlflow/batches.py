"""Metrics, params and tags of a run in one request: all of them are kept, or none."""

from collections import Counter
from typing import Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.metrics import MetricIn, add_metrics, measured_of, to_batch
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.run_tags import to_change
from zaffre.protocols.mlflow.shapes import Pair, to_pairs
from zaffre.services.work import Services

MAX_ENTITIES: Final = 1000
_MAX_PAIRS: Final = 100


class BatchIn(msgspec.Struct):
    """What to log to a run."""

    run_id: str | None = None
    metrics: list[MetricIn] | None = None
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


async def log_batch(call: MlflowCall, given: BatchIn) -> None:
    """Log metrics, params and tags."""
    run_id = required(given.run_id, "run_id")
    metrics = given.metrics or []
    _check_counts(len(metrics), len(given.params or ()), len(given.tags or ()))
    _check_once(given.params or [])
    params = to_pairs(given.params)
    change = to_change(to_pairs(given.tags))
    batch, measured = to_batch(metrics), measured_of(run_id, metrics)

    def write(s: Services) -> None:
        if params or not (metrics or given.tags):
            s.params.log(call.workspace, run_id, params, caller=call.caller)
        if metrics:
            add_metrics(s, call, run_id, batch, measured)
        if given.tags:
            s.tracking.change(call.workspace, run_id, change, caller=call.caller)

    await call.write(write)


def _check_counts(metrics: int, params: int, tags: int) -> None:
    for what, count, most in (
        ("metrics", metrics, MAX_ENTITIES),
        ("params", params, _MAX_PAIRS),
        ("tags", tags, _MAX_PAIRS),
        ("metrics, params, and tags", metrics + params + tags, MAX_ENTITIES),
    ):
        if count > most:
            raise InvalidError(
                "BatchTooLarge",
                f"A batch logging request can contain at most {most} {what}. Got {count} {what}.",
                target=what,
                hint=f"Please split up {what} across multiple requests and try again.",
            )


def _check_once(params: list[Pair]) -> None:
    values = {(param.key, param.value or "") for param in params}
    twice = [key for key, count in Counter(key for key, _ in values).items() if count > 1]
    if twice:
        raise InvalidError(
            "DuplicateKey",
            f"Duplicate parameter keys have been submitted: {shown(sorted(twice))}.",
            target="params",
            hint="Please ensure the request contains only one param value per param key.",
        )


ROUTES: Final[list[Route]] = [
    route(
        "POST",
        "/api/2.0/mlflow/runs/log-batch",
        log_batch,
        Permission.RUNS_WRITE,
        shape=BatchIn,
    ),
]
