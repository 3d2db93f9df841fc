"""Models between the wire and the domain."""

from zaffre_sdk.wire.models import ModelIn, ModelOut

from zaffre.domain.models import Model
from zaffre.protocols.native.translate.snapshots import from_files, to_files
from zaffre.protocols.native.translate.words import from_time
from zaffre.services.models import NewModel


def to_new_model(wire: ModelIn) -> NewModel:
    """Return what the caller says of a model to be."""
    return NewModel(
        name=wire.name,
        files=to_files(wire.files),
        run_id=wire.run_id,
        run_path=wire.run_path,
        tags=wire.tags,
        properties=wire.properties,
        description=wire.description,
        framework=wire.framework,
        framework_version=wire.framework_version,
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
    )
