"""Endpoints between the wire and the domain."""

from zaffre_sdk.wire import endpoints as wire

from zaffre.domain.endpoints import (
    AuthMode,
    DeploymentSpec,
    Endpoint,
    EndpointError,
    EndpointKind,
)
from zaffre.protocols.native.translate.environments import (
    from_environment_spec,
    to_environment_spec,
)
from zaffre.protocols.native.translate.words import from_time, to_word
from zaffre.services.endpoints import EndpointChange, NewEndpoint, ScoringToken


def to_deployment_spec(spec: wire.DeploymentSpec) -> DeploymentSpec:
    """Return what is to answer."""
    return DeploymentSpec(
        entry_script=spec.entry_script,
        snapshot_id=spec.snapshot_id,
        model_ids=tuple(spec.model_ids),
        environment=to_environment_spec(spec.environment),
        environment_name=spec.environment_name,
        cpu_cores=spec.cpu_cores,
        memory_gb=spec.memory_gb,
        replicas=spec.replicas,
        timeout_seconds=spec.timeout_seconds,
        max_concurrent=spec.max_concurrent,
    )


def from_deployment_spec(spec: DeploymentSpec) -> wire.DeploymentSpec:
    """Return what answers."""
    return wire.DeploymentSpec(
        entry_script=spec.entry_script,
        snapshot_id=spec.snapshot_id,
        model_ids=list(spec.model_ids),
        environment=from_environment_spec(spec.environment),
        environment_name=spec.environment_name,
        cpu_cores=spec.cpu_cores,
        memory_gb=spec.memory_gb,
        replicas=spec.replicas,
        timeout_seconds=spec.timeout_seconds,
        max_concurrent=spec.max_concurrent,
    )


def to_new_endpoint(new: wire.EndpointIn) -> NewEndpoint:
    """Return what the caller says of an endpoint to be."""
    return NewEndpoint(
        name=new.name,
        kind=to_word(new.kind, EndpointKind, target="kind"),
        auth_mode=to_word(new.auth_mode, AuthMode, target="auth_mode"),
        spec=to_deployment_spec(new.spec),
        compute=new.compute,
        port=new.port,
        tags=new.tags,
        properties=new.properties,
        description=new.description,
        keys=(new.primary_key, new.secondary_key),
        overwrite=new.overwrite,
    )


def to_endpoint_change(change: wire.EndpointChange) -> EndpointChange:
    """Return what is to change."""
    mode = change.auth_mode
    return EndpointChange(
        spec=None if change.spec is None else to_deployment_spec(change.spec),
        auth_mode=None if mode is None else to_word(mode, AuthMode, target="auth_mode"),
        tags=change.tags,
        properties=change.properties,
        description=change.description,
        reload=change.reload,
    )


def from_endpoint(endpoint: Endpoint, *, server: str) -> wire.EndpointOut:
    """Return an endpoint as clients see it.

    Args:
        endpoint: What is shown.
        server: Where clients reach the server, without a slash at the end.
    """
    address = f"{server}/endpoints/{endpoint.id}"
    if endpoint.port is not None:
        address = f"http://localhost:{endpoint.port}"
    return wire.EndpointOut(
        id=endpoint.id,
        workspace_id=endpoint.workspace_id,
        name=endpoint.name,
        kind=endpoint.kind,
        auth_mode=endpoint.auth_mode,
        spec=from_deployment_spec(endpoint.spec),
        compute=endpoint.compute,
        state=endpoint.state,
        error=_from_error(endpoint.error),
        generation=endpoint.generation,
        scoring_uri=f"{address}/score",
        swagger_uri=f"{address}/swagger.json",
        tags=endpoint.tags,
        properties=endpoint.properties,
        description=endpoint.description,
        created_by=endpoint.created_by,
        created_at=from_time(endpoint.created_at),
        updated_at=from_time(endpoint.updated_at),
    )


def from_token(token: ScoringToken) -> wire.TokenOut:
    """Return a token as clients see it."""
    return wire.TokenOut(
        token=token.token, expires_at=token.expires_at, refresh_after=token.refresh_after
    )


def _from_error(error: EndpointError | None) -> wire.EndpointError | None:
    if error is None:
        return None
    return wire.EndpointError(code=error.code, message=error.message, details=error.details)
