"""Registered models of MLflow programs: names, their tags and their aliases."""

from typing import Any, Final

from zaffre.domain.access import Permission
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.model_search import registered_pages
from zaffre.protocols.mlflow.registry_shapes import (
    AliasIn,
    DescriptionIn,
    NameIn,
    NewestIn,
    RegisteredModelIn,
    RenameIn,
    SearchIn,
    TagIn,
    pairs_in,
    registered_list,
    registered_out,
    version_in,
    version_out,
)
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.services.registry import Registered

_READ: Final = Permission.MODELS_READ
_WRITE: Final = Permission.MODELS_WRITE
_ROOT: Final = "/api/2.0/mlflow/registered-models"


async def create(call: MlflowCall, body: RegisteredModelIn) -> dict[str, Any]:
    """Create a registered model without versions."""
    name = required(body.name, "name")
    created = await call.write(
        lambda s: s.registry.create(
            call.workspace,
            name,
            caller=call.caller,
            tags=pairs_in(body.tags),
            description=body.description,
        )
    )
    return _one(Registered(created, ()))


async def show(call: MlflowCall, body: NameIn) -> dict[str, Any]:
    """Answer a registered model."""
    name = required(body.name, "name")
    return _one(
        await call.read(lambda s: s.registry.get(call.workspace, name, caller=call.caller))
    )


async def rename(call: MlflowCall, body: RenameIn) -> dict[str, Any]:
    """Give a registered model another name."""
    name, new_name = required(body.name, "name"), required(body.new_name, "new_name")
    return _one(
        await call.write(
            lambda s: s.registry.rename(call.workspace, name, new_name, caller=call.caller)
        )
    )


async def update(call: MlflowCall, body: DescriptionIn) -> dict[str, Any]:
    """Describe a registered model anew."""
    name = required(body.name, "name")
    return _one(
        await call.write(
            lambda s: s.registry.change(
                call.workspace, name, caller=call.caller, description=body.description or ""
            )
        )
    )


async def delete(call: MlflowCall, body: NameIn) -> None:
    """Delete a registered model with its versions."""
    name = required(body.name, "name")
    await call.write(lambda s: s.registry.delete(call.workspace, name, caller=call.caller))


async def search(call: MlflowCall, body: SearchIn) -> dict[str, Any]:
    """Search registered models."""
    pages = registered_pages(call, body)
    found = await call.read(
        lambda s: s.registry.search(call.workspace, pages.wanted, caller=call.caller)
    )
    page, token = pages.cut(found)
    return {"registered_models": registered_list(page), **token}


async def newest_versions(call: MlflowCall, body: NewestIn) -> dict[str, Any]:
    """Answer the newest version of each stage."""
    name = required(body.name, "name")
    found = await call.read(
        lambda s: s.versions.newest(call.workspace, name, body.stages, caller=call.caller)
    )
    return {"model_versions": [version_out(version) for version in found]}


async def set_tag(call: MlflowCall, body: TagIn) -> None:
    """Set a tag."""
    name, key = required(body.name, "name"), required(body.key, "key")
    await call.write(
        lambda s: s.registry.change(
            call.workspace, name, caller=call.caller, tags={key: body.value}
        )
    )


async def delete_tag(call: MlflowCall, body: TagIn) -> None:
    """Remove a tag."""
    name, key = required(body.name, "name"), required(body.key, "key")
    await call.write(
        lambda s: s.registry.change(call.workspace, name, caller=call.caller, tags={key: None})
    )


async def set_alias(call: MlflowCall, body: AliasIn) -> None:
    """Let an alias stand for a version."""
    name, alias = required(body.name, "name"), required(body.alias, "alias")
    version = version_in(body)
    await call.write(
        lambda s: s.registry.set_alias(call.workspace, name, alias, version, caller=call.caller)
    )


async def delete_alias(call: MlflowCall, body: AliasIn) -> None:
    """Forget an alias."""
    name, alias = required(body.name, "name"), required(body.alias, "alias")
    await call.write(
        lambda s: s.registry.remove_alias(call.workspace, name, alias, caller=call.caller)
    )


async def show_alias(call: MlflowCall, body: AliasIn) -> dict[str, Any]:
    """Answer the version that an alias stands for."""
    name, alias = required(body.name, "name"), required(body.alias, "alias")
    found = await call.read(
        lambda s: s.versions.of_alias(call.workspace, name, alias, caller=call.caller)
    )
    return {"model_version": version_out(found)}


def _one(found: Registered) -> dict[str, Any]:
    return {"registered_model": registered_out(found)}


ROUTES: Final[list[Route]] = [
    route("POST", f"{_ROOT}/create", create, _WRITE, shape=RegisteredModelIn),
    route("GET", f"{_ROOT}/get", show, _READ, shape=NameIn),
    route("POST", f"{_ROOT}/rename", rename, _WRITE, shape=RenameIn),
    route("PATCH", f"{_ROOT}/update", update, _WRITE, shape=DescriptionIn),
    route("DELETE", f"{_ROOT}/delete", delete, _WRITE, shape=NameIn),
    route("GET", f"{_ROOT}/search", search, _READ, shape=SearchIn),
    route("POST", f"{_ROOT}/search", search, _READ, shape=SearchIn),
    route("GET", f"{_ROOT}/get-latest-versions", newest_versions, _READ, shape=NewestIn),
    route("POST", f"{_ROOT}/get-latest-versions", newest_versions, _READ, shape=NewestIn),
    route("POST", f"{_ROOT}/set-tag", set_tag, _WRITE, shape=TagIn),
    route("DELETE", f"{_ROOT}/delete-tag", delete_tag, _WRITE, shape=TagIn),
    route("POST", f"{_ROOT}/alias", set_alias, _WRITE, shape=AliasIn),
    route("DELETE", f"{_ROOT}/alias", delete_alias, _WRITE, shape=AliasIn),
    route("GET", f"{_ROOT}/alias", show_alias, _READ, shape=AliasIn),
]
