"""Secrets over HTTP."""

from typing import Final

from litestar import delete, get, put
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.secrets import SecretIn, SecretList, SecretOut, SecretValueOut

from zaffre.domain.access import Permission
from zaffre.domain.secrets import Secret
from zaffre.protocols.http.call import Call

_ALL = "/workspaces/{workspace:str}/secrets"
_ONE = "/workspaces/{workspace:str}/secrets/{name:str}"


@put(_ONE, permission=Permission.SECRETS_WRITE)
async def set_secret(call: Call, workspace: str, name: str, data: SecretIn) -> SecretOut:
    """Keep a value under a name, in place of what was there."""
    kept = await call.write(
        lambda s: s.secrets.put(
            workspace, name, data.value, caller=call.caller, content_type=data.content_type
        )
    )
    return _out(kept)


@get(_ONE, permission=Permission.SECRETS_READ)
async def show_secret(call: Call, workspace: str, name: str) -> SecretValueOut:
    """Answer a secret with its value."""
    secret, value = await call.read(
        lambda s: s.secrets.reveal(workspace, name, caller=call.caller)
    )
    return SecretValueOut(name=secret.name, value=value, content_type=secret.content_type)


@get(_ALL, permission=Permission.SECRETS_READ)
async def list_secrets(call: Call, workspace: str) -> SecretList:
    """List secrets by name, without their values."""
    found = await call.read(lambda s: s.secrets.list(workspace, caller=call.caller))
    return SecretList(value=[_out(secret) for secret in found])


@delete(_ONE, permission=Permission.SECRETS_WRITE)
async def delete_secret(call: Call, workspace: str, name: str) -> None:
    """Remove a secret; removing one that is not there changes nothing."""
    await call.write(lambda s: s.secrets.delete(workspace, name, caller=call.caller))


def _out(secret: Secret) -> SecretOut:
    return SecretOut(
        name=secret.name,
        content_type=secret.content_type,
        created_at=secret.created_at.timestamp(),
        updated_at=secret.updated_at.timestamp(),
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    set_secret,
    show_secret,
    list_secrets,
    delete_secret,
]
