"""Endpoints on the wire."""

from typing import Optional

import msgspec

from zaffre_sdk.wire.environments import EnvironmentSpec
from zaffre_sdk.wire.shapes import In, Out


class DeploymentSpec(In):
    """What answers; replaced whole."""

    entry_script: str
    snapshot_id: str
    environment: EnvironmentSpec
    model_ids: list[str] = msgspec.field(default_factory=list)
    environment_name: str = ""
    cpu_cores: float = 1.0
    memory_gb: float = 1.0
    replicas: int = 1
    timeout_seconds: float = 60.0
    max_concurrent: int = 100


class EndpointIn(In):
    """Create an endpoint; with `overwrite` an existing one is deployed anew.

    Attributes:
        kind: `ACI`, `AKS` or `LOCAL`.
        auth_mode: `none`, `key` or `token`.
        compute: The serving target whose capacity it takes; empty is that of the server.
        port: A port of its own on loopback, for `LOCAL`; None takes a free one there.
    """

    name: str
    kind: str
    auth_mode: str
    spec: DeploymentSpec
    compute: str = ""
    port: Optional[int] = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    properties: dict[str, str] = msgspec.field(default_factory=dict)
    description: str = ""
    primary_key: Optional[str] = None
    secondary_key: Optional[str] = None
    overwrite: bool = False


class EndpointChange(In):
    """Change what is given; a new `spec` replaces the deployment once its replicas answer.

    `reload` deploys the present specification again, from its snapshot.
    """

    spec: Optional[DeploymentSpec] = None
    auth_mode: Optional[str] = None
    tags: Optional[dict[str, Optional[str]]] = None
    properties: Optional[dict[str, str]] = None
    description: Optional[str] = None
    reload: bool = False


class EndpointError(Out):
    """Why a deployment failed."""

    code: str
    message: str
    details: str = ""


class EndpointOut(Out):
    """An endpoint; `state` is `Transitioning`, `Healthy`, `Unhealthy` or `Failed`.

    Attributes:
        compute: The serving target whose capacity it takes; empty is that of the server.
    """

    id: str
    workspace_id: str
    name: str
    kind: str
    auth_mode: str
    spec: DeploymentSpec
    state: str
    error: Optional[EndpointError]
    generation: int
    scoring_uri: str
    swagger_uri: str
    tags: dict[str, str]
    properties: dict[str, str]
    description: str
    created_by: str
    created_at: float
    updated_at: float
    compute: str = ""


class EndpointList(Out):
    """Endpoints by name."""

    value: list[EndpointOut]


class KeysOut(Out):
    """The keys of an endpoint; either opens it."""

    primary: str
    secondary: str


class KeyIn(In):
    """Replace one key: `primary` or `secondary`; with a value of the caller's, or a fresh one."""

    which: str
    value: Optional[str] = None


class TokenOut(Out):
    """A bearer token for scoring, and until when it opens the endpoint."""

    token: str
    expires_at: float
    refresh_after: float
