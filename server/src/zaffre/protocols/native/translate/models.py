"""Models between the wire and the domain."""

from collections.abc import Iterable

from zaffre_sdk.wire import models as wire
from zaffre_sdk.wire.models import ModelIn, ModelOut

from zaffre.domain.models import Model, ModelDataset
from zaffre.protocols.native.translate.snapshots import from_files, to_files
from zaffre.protocols.native.translate.words import from_time
from zaffre.services.models import NewModel


def to_new_model(given: ModelIn) -> NewModel:
    """Return what the caller says of a model to be."""
    return NewModel(
        name=given.name,
        files=to_files(given.files),
        run_id=given.run_id,
        run_path=given.run_path,
        tags=given.tags,
        properties=given.properties,
        description=given.description,
        framework=given.framework,
        framework_version=given.framework_version,
        datasets=to_model_datasets(given.datasets),
    )


def from_model(model: Model) -> ModelOut:
    """Return one version of a model as clients see it."""
    return ModelOut(
        id=model.id,
        workspace_id=model.workspace_id,
        name=model.name,
        version=model.version,
        files=from_files(model.files),
        tags=model.tags,
        properties=model.properties,
        description=model.description,
        framework=model.framework,
        framework_version=model.framework_version,
        run_id=model.run_id,
        experiment_name=model.experiment_name,
        created_by=model.created_by,
        created_at=from_time(model.created_at),
        datasets=[wire.ModelDataset(name=d.name, dataset_id=d.dataset_id) for d in model.datasets],
    )


def to_model_datasets(given: Iterable[wire.ModelDataset]) -> tuple[ModelDataset, ...]:
    """Return what a model came of."""
    return tuple(ModelDataset(each.name, each.dataset_id) for each in given)
