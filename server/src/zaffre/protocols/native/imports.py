"""Imports over HTTP: models that were made elsewhere."""

from typing import Final

from litestar import post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.imports import (
    ImportOut,
    LoggedModelImport,
    MeasureImport,
    RegisteredModelImport,
    VersionImport,
)

from zaffre.domain.access import Permission
from zaffre.domain.logged_models import LoggedModel, LoggedModelMetric, LoggedModelStatus
from zaffre.domain.models import RegisteredModel
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.translate.snapshots import to_files
from zaffre.protocols.native.translate.words import to_time, to_word
from zaffre.services.imports import Imported, OldVersion

_ALL: Final = "/workspaces/{workspace:str}/imports"
_WRITE: Final = Permission.MODELS_WRITE


@post(f"{_ALL}/registered-models", permission=_WRITE, status_code=200)
async def import_registered_model(
    call: Call, workspace: str, data: RegisteredModelImport
) -> ImportOut:
    """Create a registered model as it was elsewhere; one that is there stays as it is."""
    old = RegisteredModel(
        workspace_id=workspace,
        name=data.name,
        description=data.description,
        tags=data.tags,
        created_at=to_time(data.created_at, target="created_at"),
        updated_at=to_time(data.updated_at, target="updated_at"),
    )
    return _out(await call.write(lambda s: s.imports.registered_model(old, caller=call.caller)))


@post(f"{_ALL}/versions", permission=_WRITE, status_code=200)
async def import_version(call: Call, workspace: str, data: VersionImport) -> ImportOut:
    """Create a version of a registered model under the number that it had elsewhere."""
    old = OldVersion(
        name=data.name,
        version=data.version,
        created_at=to_time(data.created_at, target="created_at"),
        updated_at=to_time(data.updated_at, target="updated_at"),
        files=to_files(data.files),
        source=data.source,
        run_id=data.run_id,
        run_link=data.run_link,
        logged_model_id=data.logged_model_id,
        stage=data.stage,
        description=data.description,
        tags=data.tags,
        aliases=tuple(data.aliases),
    )
    return _out(await call.write(lambda s: s.imports.version(workspace, old, caller=call.caller)))


@post(f"{_ALL}/logged-models", permission=_WRITE, status_code=200, msgpack=True)
async def import_logged_model(call: Call, workspace: str, data: LoggedModelImport) -> ImportOut:
    """Create a logged model under the id that it had elsewhere, or end one that is pending."""
    updated_at = to_time(data.updated_at, target="updated_at")
    old = LoggedModel(
        id=data.id,
        workspace_id=workspace,
        experiment_id=data.experiment_id,
        name=data.name,
        model_type=data.model_type,
        status=to_word(data.status, LoggedModelStatus, target="status"),
        status_message=data.status_message,
        run_id=data.run_id,
        tags=data.tags,
        params=data.params,
        created_at=to_time(data.created_at, target="created_at"),
        updated_at=updated_at,
        archived_at=updated_at if data.archived else None,
    )
    measured = [_to_metric(measure) for measure in data.measures]
    return _out(
        await call.write(lambda s: s.imports.logged_model(old, measured, caller=call.caller))
    )


def _to_metric(measure: MeasureImport) -> LoggedModelMetric:
    return LoggedModelMetric(
        run_id=measure.run_id,
        name=measure.name,
        value=measure.value,
        step=measure.step,
        time=to_time(measure.time, target="measures.time"),
        dataset_name=measure.dataset_name,
        dataset_digest=measure.dataset_digest,
    )


def _out(imported: Imported) -> ImportOut:
    return ImportOut(id=imported.id, is_new=imported.is_new, is_pending=imported.is_pending)


ROUTES: Final[list[ControllerRouterHandler]] = [
    import_registered_model,
    import_version,
    import_logged_model,
]
