"""An endpoint: a name under which models answer over HTTP."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from zaffre.domain.environments import EnvironmentSpec


class EndpointKind(StrEnum):
    """Which v1 web service it is a view of."""

    ACI = "ACI"
    AKS = "AKS"
    LOCAL = "LOCAL"


class AuthMode(StrEnum):
    """What a caller of the endpoint must show."""

    NONE = "none"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of a mode


class EndpointState(StrEnum):
    """The states of a web service, as Azure ML names them."""

    TRANSITIONING = "Transitioning"
    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSpec:
    """What answers: code, models, environment and size. Replaced whole, never changed.

    Attributes:
        entry_script: Path below the snapshot of the script with `init` and `run`.
        model_ids: The registered models in the order in which they were given.
        replicas: How many processes answer.
        timeout_seconds: A call of `run` that takes longer is answered 408 and ends its replica.
        max_concurrent: How many calls may wait for each replica before 429.
    """

    entry_script: str
    snapshot_id: str
    model_ids: tuple[str, ...]
    environment: EnvironmentSpec
    environment_name: str = ""
    cpu_cores: float = 1.0
    memory_gb: float = 1.0
    replicas: int = 1
    timeout_seconds: float = 60.0
    max_concurrent: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The most that one deployment may ask for.

    Replicas share their machine, so that this is a guard against slips, not a reservation.
    """

    cpu_cores: float = 64.0
    memory_gb: float = 512.0
    replicas: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointError:
    """Why a deployment failed: a stable code, words for people, and the last log lines."""

    code: str
    message: str
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint and its deployment.

    Attributes:
        id: Opaque; the scoring address is made of it.
        compute: The serving target whose capacity it takes; empty is that of the server.
        generation: Counts deployments; a replica of an older one is replaced when the new answers.
        port: A port of its own on loopback, for local web services; None without one.
    """

    id: str
    workspace_id: str
    name: str
    kind: EndpointKind
    auth_mode: AuthMode
    spec: DeploymentSpec
    compute: str = ""
    state: EndpointState = EndpointState.TRANSITIONING
    error: EndpointError | None = None
    generation: int = 1
    port: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    description: str = ""
    created_by: str = ""
    created_at: datetime
    updated_at: datetime

    @property
    def log_owner(self) -> tuple[str, str]:
        """Under which its log is kept; no workspace has an id like that."""
        return "endpoints", self.id

    def redeploy(self, spec: DeploymentSpec, *, at: datetime) -> "Endpoint":
        """Return the endpoint with another deployment on its way."""
        return replace(
            self,
            spec=spec,
            state=EndpointState.TRANSITIONING,
            error=None,
            generation=self.generation + 1,
            updated_at=at,
        )


LOG_PATH = "service.log"
"""The one log of an endpoint: of its builds, its deployments and its replicas."""
