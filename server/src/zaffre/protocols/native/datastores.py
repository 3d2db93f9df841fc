"""Datastores over HTTP."""

import ipaddress
from typing import Any, Final

from litestar import Request, delete, get, post, put
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.datastores import (
    DataRoot,
    DataRootList,
    DatastoreIn,
    DatastoreList,
    DatastoreOut,
    DefaultDatastoreIn,
    NearbyOut,
)

from zaffre.domain.access import Permission
from zaffre.domain.datastores import Datastore, DatastoreKind
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.translate.words import from_time, to_word
from zaffre.services.datastores import NewDatastore

_WORKSPACE: Final = "/workspaces/{workspace:str}"
_ALL: Final = f"{_WORKSPACE}/datastores"
_ONE: Final = f"{_ALL}/{{name:str}}"
# A proxy on this machine asks for somebody who may be elsewhere.
_PASSED_ON: Final = ("forwarded", "via", "x-forwarded", "x-real-ip")


@get(_ALL, permission=Permission.DATA_READ)
async def list_datastores(call: Call, workspace: str) -> DatastoreList:
    """List datastores by name, without their secrets."""
    found = await call.read(lambda s: s.datastores.list(workspace, caller=call.caller))
    return DatastoreList(value=[_out(datastore) for datastore in found])


@post(_ALL, permission=Permission.DATASTORES_MANAGE)
async def register_datastore(call: Call, workspace: str, data: DatastoreIn) -> DatastoreOut:
    """Keep how a datastore is reached; its credential is sealed, and never answered."""
    new = NewDatastore(
        name=data.name,
        kind=to_word(data.kind, DatastoreKind, target="kind"),
        settings=data.settings,
        credential=data.credential,
        description=data.description,
        tags=data.tags,
    )
    registered = await call.write(
        lambda s: s.datastores.register(
            workspace, new, caller=call.caller, overwrite=data.overwrite
        )
    )
    return _out(registered)


@get(_ONE, permission=Permission.DATA_READ)
async def show_datastore(call: Call, workspace: str, name: str) -> DatastoreOut:
    """Answer a datastore, without its secrets."""
    return _out(await call.read(lambda s: s.datastores.get(workspace, name, caller=call.caller)))


@delete(_ONE, permission=Permission.DATASTORES_MANAGE)
async def delete_datastore(call: Call, workspace: str, name: str) -> None:
    """Forget how a datastore is reached; its files stay where they are."""
    await call.write(lambda s: s.datastores.delete(workspace, name, caller=call.caller))


@put(f"{_WORKSPACE}/default-datastore", permission=Permission.DATASTORES_MANAGE)
async def set_default_datastore(
    call: Call, workspace: str, data: DefaultDatastoreIn
) -> DatastoreOut:
    """Choose where things go for which no datastore is named."""
    chosen = await call.write(
        lambda s: s.datastores.set_default(workspace, data.name, caller=call.caller)
    )
    return _out(chosen)


@get(f"{_WORKSPACE}/data-roots", permission=Permission.DATASTORES_MANAGE)
async def list_data_roots(call: Call, workspace: str) -> DataRootList:
    """List the folders of the server's machine that local datastores may use."""
    roots = await call.read(lambda s: s.datastores.roots(workspace, caller=call.caller))
    return DataRootList(
        value=[DataRoot(root=label, folder=str(folder)) for label, folder in roots.items()]
    )


@get(f"{_ONE}/nearby", permission=Permission.DATA_READ)
async def show_nearby(
    call: Call, request: Request[Any, Any, Any], workspace: str, name: str
) -> NearbyOut:
    """Tell a caller on the server's own machine where the files lie."""
    found = await call.house.data_access.nearby(workspace, name, caller=call.caller)
    # A proxy that adds no header looks like this machine; the programs of runs are on it.
    may_be_far = call.house.is_behind_proxy and call.caller.run_id is None
    if found is None or may_be_far or not _is_here(request):
        return NearbyOut()
    return NearbyOut(folder=str(found.folder), proof=str(found.proof), proof_text=found.proof_text)


def _is_here(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the caller is on this machine, as far as can be seen from here."""
    client = request.client
    if client is None or any(name.startswith(_PASSED_ON) for name in request.headers):
        return False
    try:
        return ipaddress.ip_address(client.host).is_loopback
    except ValueError:
        return False


def _out(datastore: Datastore) -> DatastoreOut:
    return DatastoreOut(
        name=datastore.name,
        kind=datastore.kind,
        settings=datastore.settings,
        credential_kind=datastore.credential_kind,
        description=datastore.description,
        tags=datastore.tags,
        is_default=datastore.is_default,
        is_builtin=datastore.is_builtin,
        created_by=datastore.created_by,
        created_at=from_time(datastore.created_at),
        updated_at=from_time(datastore.updated_at),
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    list_datastores,
    register_datastore,
    show_datastore,
    delete_datastore,
    set_default_datastore,
    list_data_roots,
    show_nearby,
]
