"""Versions of registered models as MLflow programs create, move and find them."""

from typing import Any, Final

from zaffre.domain.access import Permission
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.model_search import version_pages
from zaffre.protocols.mlflow.registry_shapes import (
    NewVersionIn,
    SearchIn,
    StageIn,
    VersionDescriptionIn,
    VersionIn,
    VersionTagIn,
    pairs_in,
    version_in,
    version_out,
)
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.sources import source_of
from zaffre.services.versions import NewVersion, Version

_READ: Final = Permission.MODELS_READ
_WRITE: Final = Permission.MODELS_WRITE
_ROOT: Final = "/api/2.0/mlflow/model-versions"


async def create(call: MlflowCall, body: NewVersionIn) -> dict[str, Any]:
    """Add a version whose files are linked now."""
    source = required(body.source, "source")
    new = NewVersion(
        name=required(body.name, "name"),
        source=source_of(source),
        source_text=source,
        run_id=body.run_id or None,
        logged_model_id=body.model_id or None,
        run_link=body.run_link,
        tags=pairs_in(body.tags),
        description=body.description,
    )
    return _one(
        await call.write(lambda s: s.versions.create(call.workspace, new, caller=call.caller))
    )


async def show(call: MlflowCall, body: VersionIn) -> dict[str, Any]:
    """Answer a version."""
    return _one(await _get(call, body))


async def update(call: MlflowCall, body: VersionDescriptionIn) -> dict[str, Any]:
    """Describe a version anew."""
    name, version = required(body.name, "name"), version_in(body)
    return _one(
        await call.write(
            lambda s: s.versions.change(
                call.workspace,
                name,
                version,
                caller=call.caller,
                description=body.description or "",
            )
        )
    )


async def delete(call: MlflowCall, body: VersionIn) -> None:
    """Delete a version that no endpoint uses."""
    name, version = required(body.name, "name"), version_in(body)
    await call.write(
        lambda s: s.versions.delete(call.workspace, name, version, caller=call.caller)
    )


async def move(call: MlflowCall, body: StageIn) -> dict[str, Any]:
    """Move a version to a stage."""
    name, version = required(body.name, "name"), version_in(body)
    stage = required(body.stage, "stage")
    return _one(
        await call.write(
            lambda s: s.versions.move(
                call.workspace,
                name,
                version,
                caller=call.caller,
                stage=stage,
                archive_others=body.archive_existing_versions,
            )
        )
    )


async def search(call: MlflowCall, body: SearchIn) -> dict[str, Any]:
    """Search versions."""
    pages = version_pages(call, body)
    found = await call.read(
        lambda s: s.versions.search(call.workspace, pages.wanted, caller=call.caller)
    )
    page, token = pages.cut(found)
    return {"model_versions": [version_out(version) for version in page], **token}


async def show_address(call: MlflowCall, body: VersionIn) -> dict[str, Any]:
    """Answer where the files of a version are fetched from."""
    found = await _get(call, body)
    # Not quoted: clients quote it where they make an address of it. Names have nothing in them
    # that an address would end at.
    folder = f"{found.model.name}/{found.model.version}"
    return {"artifact_uri": f"mlflow-artifacts:/registered-models/{folder}"}


async def set_tag(call: MlflowCall, body: VersionTagIn) -> None:
    """Set a tag."""
    await _tag(call, body, body.value)


async def delete_tag(call: MlflowCall, body: VersionTagIn) -> None:
    """Remove a tag."""
    await _tag(call, body, None)


async def _get(call: MlflowCall, body: VersionIn) -> Version:
    name, version = required(body.name, "name"), version_in(body)
    return await call.read(
        lambda s: s.versions.get(call.workspace, name, version, caller=call.caller)
    )


async def _tag(call: MlflowCall, body: VersionTagIn, value: str | None) -> None:
    name, version = required(body.name, "name"), version_in(body)
    key = required(body.key, "key")
    await call.write(
        lambda s: s.versions.change(
            call.workspace, name, version, caller=call.caller, tags={key: value}
        )
    )


def _one(version: Version) -> dict[str, Any]:
    return {"model_version": version_out(version)}


ROUTES: Final[list[Route]] = [
    route("POST", f"{_ROOT}/create", create, _WRITE, shape=NewVersionIn),
    route("GET", f"{_ROOT}/get", show, _READ, shape=VersionIn),
    route("PATCH", f"{_ROOT}/update", update, _WRITE, shape=VersionDescriptionIn),
    route("DELETE", f"{_ROOT}/delete", delete, _WRITE, shape=VersionIn),
    route("POST", f"{_ROOT}/transition-stage", move, _WRITE, shape=StageIn),
    route("GET", f"{_ROOT}/search", search, _READ, shape=SearchIn),
    route("POST", f"{_ROOT}/search", search, _READ, shape=SearchIn),
    route("GET", f"{_ROOT}/get-download-uri", show_address, _READ, shape=VersionIn),
    route("POST", f"{_ROOT}/set-tag", set_tag, _WRITE, shape=VersionTagIn),
    route("DELETE", f"{_ROOT}/delete-tag", delete_tag, _WRITE, shape=VersionTagIn),
]
