"""Logged models as MLflow programs send and see them."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.logged_models import LoggedModelMetric, LoggedModelStatus
from zaffre.domain.metrics import MAX_STEP, MIN_STEP
from zaffre.protocols.mlflow.messages import number_out, pairs_out
from zaffre.protocols.mlflow.registry_shapes import Pair, millis
from zaffre.services.logged_models import MeasuredModel

_STATUSES: Final[dict[str | int, LoggedModelStatus]] = {
    **{status.value: status for status in LoggedModelStatus},
    **dict(enumerate(LoggedModelStatus, 1)),
}


class LoggedModelIn(msgspec.Struct):
    """A logged model to create."""

    experiment_id: str = ""
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[Pair] = []
    tags: list[Pair] = []


class FinishIn(msgspec.Struct):
    """The last status of a logged model, as a word or a number."""

    status: str | int = 0


class TagsIn(msgspec.Struct):
    """Tags to set."""

    tags: list[Pair] = []


class ParamsIn(msgspec.Struct):
    """Params to add."""

    params: list[Pair] = []


class ShowIn(msgspec.Struct):
    """Whether one that was deleted is wanted too."""

    allow_deleted: bool = False


class DatasetIn(msgspec.Struct):
    """A dataset that metrics were measured on."""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderIn(DatasetIn):
    """What to sort by."""

    field_name: str = ""
    ascending: bool = True


class LoggedModelSearchIn(msgspec.Struct):
    """A search."""

    experiment_ids: list[str] = []
    filter: str = ""
    datasets: list[DatasetIn] = []
    max_results: int | None = None
    order_by: list[OrderIn] = []
    page_token: str = ""


class FileIn(msgspec.Struct):
    """A file of a logged model."""

    artifact_file_path: str = ""


class DirectoryIn(msgspec.Struct):
    """A folder to list."""

    artifact_directory_path: str = ""
    page_token: str = ""


class OutputIn(msgspec.Struct):
    """A logged model that a run made."""

    model_id: str = ""
    step: Annotated[int, msgspec.Meta(ge=MIN_STEP, le=MAX_STEP)] = 0


class OutputsIn(msgspec.Struct):
    """Logged models that a run made."""

    run_id: str = ""
    models: list[OutputIn] = []


def status_in(said: str | int) -> LoggedModelStatus:
    """Return the status that was sent.

    Raises:
        InvalidError: `InvalidStatus`.
    """
    status = _STATUSES.get(said)
    if status is None:
        raise InvalidError(
            "InvalidStatus",
            f"Invalid value for parameter 'status' supplied: {shown(said)}.",
            target="status",
            hint=f"Send one of {', '.join(LoggedModelStatus)}.",
        )
    return status


def artifact_uri(model_id: str) -> str:
    """Return where the files of a logged model are sent to and fetched from."""
    return f"mlflow-artifacts:/models/{model_id}"


def logged_model_out(measured: MeasuredModel, experiment_id: str) -> dict[str, Any]:
    """Return a logged model.

    Args:
        measured: The model and its metrics.
        experiment_id: As programs know its experiment.
    """
    model = measured.model
    info: dict[str, Any] = {
        "model_id": model.id,
        "experiment_id": experiment_id,
        "name": model.name,
        "creation_timestamp_ms": millis(model.created_at),
        "last_updated_timestamp_ms": millis(model.updated_at),
        "artifact_uri": artifact_uri(model.id),
        "status": model.status.value,
        "model_type": model.model_type,
        "source_run_id": model.run_id or "",
        "status_message": model.status_message,
        "tags": pairs_out(model.tags),
    }
    metrics = list(_metrics_out(model.id, measured.metrics))
    return {"info": info, "data": {"params": pairs_out(model.params), "metrics": metrics}}


def _metrics_out(model_id: str, metrics: Iterable[LoggedModelMetric]) -> Iterable[dict[str, Any]]:
    for metric in metrics:
        out = {
            "key": metric.name,
            "value": number_out(metric.value),
            "timestamp": millis(metric.time),
            "step": metric.step,
            "model_id": model_id,
        }
        named = {
            "run_id": metric.run_id,
            "dataset_name": metric.dataset_name,
            "dataset_digest": metric.dataset_digest,
        }
        yield out | {name: value for name, value in named.items() if value is not None}
