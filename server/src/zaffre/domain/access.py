"""Who may do what: principals, permissions, and roles as data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zaffre.domain.errors import ForbiddenError


class Permission(StrEnum):
    """What a route asks of its caller; every route declares one."""

    PUBLIC = "public"
    """For everybody, without a token: liveness, readiness, the log-in page."""
    SERVER_READ = "server/read"
    SERVER_MANAGE = "server/manage"
    WORKSPACES_READ = "workspaces/read"
    WORKSPACES_WRITE = "workspaces/write"
    EXPERIMENTS_READ = "experiments/read"
    EXPERIMENTS_WRITE = "experiments/write"
    RUNS_READ = "runs/read"
    RUNS_SUBMIT = "runs/submit"
    RUNS_WRITE = "runs/write"
    RUNS_DRIVE = "runs/drive"
    """What the runner of a run does: start, beat, finish."""
    BLOBS_WRITE = "blobs/write"
    ENVIRONMENTS_READ = "environments/read"
    ENVIRONMENTS_WRITE = "environments/write"
    MODELS_READ = "models/read"
    MODELS_WRITE = "models/write"
    SECRETS_READ = "secrets/read"
    SECRETS_WRITE = "secrets/write"
    DATA_READ = "data/read"
    DATA_WRITE = "data/write"
    DATA_QUERY = "data/query"
    """Asking a SQL datastore."""
    DATASTORES_MANAGE = "datastores/manage"
    """Deciding which storage there is, and with which credentials it is reached."""
    COMPUTES_READ = "computes/read"
    COMPUTES_USE = "computes/use"
    """Starting and stopping an instance."""
    COMPUTES_MANAGE = "computes/manage"
    """Deciding which targets there are, and with which credentials they are reached."""
    ENDPOINTS_READ = "endpoints/read"
    ENDPOINTS_WRITE = "endpoints/write"
    ENDPOINTS_KEYS = "endpoints/keys"
    ENDPOINTS_SCORE = "endpoints/score"


_P = Permission
OWNER = frozenset(Permission)
RUN = frozenset(
    {
        _P.WORKSPACES_READ,
        _P.EXPERIMENTS_READ,
        _P.RUNS_READ,
        _P.RUNS_WRITE,
        _P.RUNS_DRIVE,
        _P.BLOBS_WRITE,
        _P.ENVIRONMENTS_READ,
        _P.MODELS_READ,
        _P.MODELS_WRITE,
        _P.SECRETS_READ,
        _P.DATA_READ,
        _P.DATA_WRITE,
        _P.DATA_QUERY,
        _P.COMPUTES_READ,
    }
)
"""What the token of a run may: itself (services narrow run permissions to the run and its
children), and registering what it made. It dies when the run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller.

    Attributes:
        name: For people and records.
        permissions: What it may.
        workspace_id: The only workspace it sees; None sees all.
        run_id: The run whose token this is; None for people.
        attempt: The attempt of that run; 0 for people.
    """

    name: str
    permissions: frozenset[Permission]
    workspace_id: str | None = None
    run_id: str | None = None
    attempt: int = 0

    def require(self, permission: Permission) -> None:
        """Let the caller pass or not.

        Raises:
            ForbiddenError: `Forbidden`, naming the permission.
        """
        if permission not in self.permissions:
            raise ForbiddenError(
                "Forbidden",
                f"This needs the permission `{permission}`, which {self.name} does not have.",
                target="authorization",
                hint="Ask an owner of the workspace for a role that has it.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token as it is stored: never the secret itself.

    Attributes:
        digest: SHA-256 of the secret, hexadecimal.
        run_id: The run that it belongs to; None for the owner's.
    """

    digest: str
    name: str
    role: str
    workspace_id: str | None = None
    run_id: str | None = None
    attempt: int = 0
    created_at: datetime
