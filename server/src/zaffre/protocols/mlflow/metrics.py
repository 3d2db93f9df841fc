"""Metrics as MLflow programs log and read them.

A metric that is logged again with the same content is the same one, as MLflow's own server has it:
its clients repeat a request whose answer was lost, and send no number by which to tell.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.domain.logged_models import LoggedModelMetric
from zaffre.domain.metrics import MetricBatch, MetricColumns, MetricPoint
from zaffre.domain.names import METRIC
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import number_out, required
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.shapes import OneRun, Whole, run_id_of
from zaffre.protocols.mlflow.times import from_time
from zaffre.services.work import Services

MAX_HISTORY: Final = 25_000
_MAX_SAMPLE: Final = 2500
_MAX_RUNS: Final = 100
_BEGINNING: Final = -1
_pack = msgspec.msgpack.Encoder().encode
# What a clock of this world can show, in milliseconds; beyond it nothing can be a date.
_EARLIEST_MS: Final = -62_135_510_400_000
_LATEST_MS: Final = 253_402_128_000_000


class MetricIn(msgspec.Struct, gc=False):
    """One metric of a batch."""

    key: str
    value: float
    timestamp: int
    step: Whole = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogMetricIn(MetricIn):
    """One metric and its run."""

    run_id: str | None = None
    run_uuid: str | None = None


class HistoryIn(OneRun, kw_only=True):
    """Which metric to read, and which page of it."""

    metric_key: str
    max_results: int | None = None
    page_token: str | None = None


class BulkIn(msgspec.Struct):
    """A metric of several runs."""

    metric_key: str = ""
    run_id: list[str] = []
    max_results: int = MAX_HISTORY


class IntervalIn(msgspec.Struct):
    """A metric of several runs, sampled."""

    metric_key: str
    run_ids: list[str] = []
    start_step: Whole | None = None
    end_step: Whole | None = None
    max_results: int = _MAX_SAMPLE


class MetricOut(msgspec.Struct, omit_defaults=True, gc=False):
    """One value of a metric."""

    key: str
    value: float | str
    timestamp: int
    step: int
    run_id: str | None = None


class HistoryOut(msgspec.Struct, omit_defaults=True):
    """Values of metrics."""

    metrics: list[MetricOut]
    next_page_token: str | None = None


async def log_metric(call: MlflowCall, given: LogMetricIn) -> None:
    """Log one value."""
    run_id = required(given.run_id or given.run_uuid, "run_id")
    required(given.key, "key")
    batch, measured = to_batch([given]), measured_of(run_id, [given])
    await call.write(lambda s: add_metrics(s, call, run_id, batch, measured))


async def get_history(call: MlflowCall, given: HistoryIn) -> HistoryOut:
    """Answer the values of a metric in order of arrival."""
    run_id = run_id_of(given)
    name = METRIC.normal(required(given.metric_key, "metric_key"))
    size = _within(given.max_results or MAX_HISTORY, 1, MAX_HISTORY, "max_results")
    tokens = PageTokens(call, "history", run_id, name)
    after = int(tokens.open(given.page_token) or _BEGINNING)
    read = await call.read(
        lambda s: s.metrics.entries(
            call.workspace, run_id, caller=call.caller, name=name, limit=size + 1, after=after
        )
    )
    page = read[:size]
    following = tokens.make(str(page[-1][0])) if len(read) > size else None
    return HistoryOut(from_points(point for _, point in page), following)


async def get_history_bulk(call: MlflowCall, given: BulkIn) -> HistoryOut:
    """Answer the values of a metric of several runs."""
    run_ids, name = _bulk_run_ids(given), METRIC.normal(given.metric_key)
    size = min(given.max_results, MAX_HISTORY)

    def read(s: Services) -> list[MetricOut]:
        found: list[MetricOut] = []
        for run_id in sorted(run_ids):
            left = max(size - len(found), 0)
            entries = s.metrics.entries(
                call.workspace, run_id, caller=call.caller, name=name, limit=left
            )
            found += from_points((point for _, point in entries), run_id)
        return found

    return HistoryOut(await call.read(read))


async def get_history_sample(call: MlflowCall, given: IntervalIn) -> HistoryOut:
    """Answer values of a metric of several runs, spread evenly over their steps."""
    run_ids = _interval_run_ids(given)
    name = METRIC.normal(required(given.metric_key, "metric_key"))
    size = _within(given.max_results, 1, _MAX_SAMPLE, "max_results")
    steps = _interval(given.start_step, given.end_step)

    def read(s: Services) -> list[MetricOut]:
        found: list[MetricOut] = []
        for run_id in run_ids:
            entries = s.metrics.sample_steps(
                call.workspace,
                run_id,
                name,
                caller=call.caller,
                size=size,
                steps=steps,
            )
            found += from_points((point for _, point in entries), run_id)
        return found

    return HistoryOut(await call.read(read))


def to_batch(metrics: Sequence[MetricIn]) -> MetricBatch:
    """Return metrics as a batch that is known by its content.

    Raises:
        InvalidError: `InvalidTime`.
    """
    for metric in metrics:
        if not _EARLIEST_MS <= metric.timestamp <= _LATEST_MS:
            raise InvalidError(
                "InvalidTime",
                f"Invalid value {metric.timestamp} for parameter 'timestamp' of the metric "
                f"{shown(metric.key)} supplied.",
                target="timestamp",
                hint="Send milliseconds since the epoch.",
            )
    indexes: dict[str, int] = {}
    order = [indexes.setdefault(metric.key, len(indexes)) for metric in metrics]
    columns = MetricColumns(
        names=list(indexes),
        order=order if len(indexes) > 1 else None,
        times=[metric.timestamp / 1000 for metric in metrics],
        values=[metric.value for metric in metrics],
        steps=[metric.step for metric in metrics],
    )
    # What the same number says of another model is another thing to keep.
    subjects = [
        (metric.model_id, metric.dataset_name, metric.dataset_digest) if metric.model_id else None
        for metric in metrics
    ]
    content = _pack((columns.names, order, columns.times, columns.values, columns.steps, subjects))
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return MetricBatch(f"mlflow:{digest}", 1, columns)


def measured_of(run_id: str, metrics: Iterable[MetricIn]) -> list[tuple[str, LoggedModelMetric]]:
    """Return what was measured of logged models."""
    return [
        (
            metric.model_id,
            LoggedModelMetric(
                run_id=run_id,
                name=metric.key,
                value=metric.value,
                step=metric.step,
                time=datetime.fromtimestamp(metric.timestamp / 1000, UTC),
                dataset_name=metric.dataset_name or None,
                dataset_digest=metric.dataset_digest or None,
            ),
        )
        for metric in metrics
        if metric.model_id
    ]


def add_metrics(
    services: Services,
    call: MlflowCall,
    run_id: str,
    batch: MetricBatch,
    measured: Sequence[tuple[str, LoggedModelMetric]],
) -> None:
    """Add metrics to a run, which may have ended, and to the logged models that they measure."""
    new = services.metrics.append(
        call.workspace, run_id, batch, caller=call.caller, is_lenient=True
    )
    if new and measured:
        services.logged_models.log_metrics(call.workspace, measured, caller=call.caller)


def from_points(points: Iterable[MetricPoint], run_id: str | None = None) -> list[MetricOut]:
    """Return the points that are numbers; MLflow knows no others."""
    return [
        MetricOut(
            point.name,
            number_out(float(point.value)),
            from_time(point.time),
            point.step or 0,
            run_id,
        )
        for point in points
        if isinstance(point.value, int | float)
    ]


def _bulk_run_ids(given: BulkIn) -> list[str]:
    asks = "GetMetricHistoryBulk request"
    if not given.run_id:
        raise InvalidError(
            "MissingField", f"{asks} must specify at least one run_id.", target="run_id"
        )
    if not given.metric_key:
        raise InvalidError(
            "MissingField", f"{asks} must specify a metric_key.", target="metric_key"
        )
    if len(given.run_id) > _MAX_RUNS:
        raise InvalidError(
            "TooManyRuns",
            f"{asks} cannot specify more than {_MAX_RUNS} run_ids. "
            f"Received {len(given.run_id)} run_ids.",
            target="run_id",
        )
    return given.run_id


def _interval_run_ids(given: IntervalIn) -> list[str]:
    required(given.run_ids, "run_ids")
    if len(given.run_ids) > _MAX_RUNS:
        raise InvalidError(
            "TooManyRuns",
            f"GetMetricHistoryBulkInterval request must specify at most {_MAX_RUNS} run_ids. "
            f"Received {len(given.run_ids)} run_ids.",
            target="run_ids",
        )
    return given.run_ids


def _interval(start: int | None, end: int | None) -> tuple[int, int] | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise InvalidError(
            "InvalidParameter",
            "If either start step or end step are specified, both must be specified.",
            target="start_step",
        )
    if start > end:
        raise InvalidError(
            "InvalidParameter",
            "end_step must be greater than start_step. "
            f"Found start_step={start} and end_step={end}.",
            target="end_step",
        )
    return start, end


def _within(value: int, least: int, most: int, name: str) -> int:
    if not least <= value <= most:
        raise InvalidError(
            "InvalidParameter",
            f"{name} must be between {least} and {most}. Got {value}.",
            target=name,
        )
    return value


_ROOT: Final = "/api/2.0/mlflow"
ROUTES: Final[list[Route]] = [
    route(
        "POST", f"{_ROOT}/runs/log-metric", log_metric, Permission.RUNS_WRITE, shape=LogMetricIn
    ),
    route(
        "GET", f"{_ROOT}/metrics/get-history", get_history, Permission.RUNS_READ, shape=HistoryIn
    ),
    route(
        "GET",
        f"{_ROOT}/metrics/get-history-bulk",
        get_history_bulk,
        Permission.RUNS_READ,
        shape=BulkIn,
    ),
    route(
        "GET",
        f"{_ROOT}/metrics/get-history-bulk-interval",
        get_history_sample,
        Permission.RUNS_READ,
        shape=IntervalIn,
    ),
]
