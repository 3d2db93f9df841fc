"""Processes that answer for a deployment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from zaffre.domain.errors import InvalidError


class ReplicaFailedError(InvalidError):
    """A replica that did not come to answer.

    Attributes:
        details: The traceback of the script, if it has to do with it.
    """

    def __init__(self, code: str, message: str, *, details: str = "") -> None:
        super().__init__(code, message, target="deployment")
        self.details = details


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOrder:
    """What a replica needs.

    Attributes:
        folder: Holds the source folder of the deployment in `source/` and the models in
            `azureml-models/<name>/<version>/`; the replica may read it.
        model_dir: The value of AZUREML_MODEL_DIR.
        log: Takes what the replica writes, line by line.
    """

    endpoint_id: str
    python: str
    folder: Path
    entry_script: str
    model_dir: str
    variables: dict[str, str] = field(default_factory=dict)
    timeout_seconds: float = 60.0
    max_concurrent: int = 100
    start_timeout_seconds: float = 300.0
    log: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class ScoringAnswer:
    """What a call of `run` was answered: a status, headers by lower-case name, and a body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Replica(Protocol):
    """A process that called `init` and answers calls of `run`, one after the other.

    `score` never raises for what user code does: it answers 424 when `run` raises, 408 when it
    takes too long, 429 when too many wait, 502 when the replica died under the call.
    """

    async def score(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> ScoringAnswer:
        """Pass one request on."""

    @property
    def waiting(self) -> int:
        """How many calls it has not answered yet."""

    @property
    def is_alive(self) -> bool:
        """Whether the process lives."""

    @property
    def swagger(self) -> bytes:
        """The OpenAPI (swagger 2.0) document of the service, JSON."""

    async def wait(self) -> int:
        """Wait until the process has ended, and return its exit code (negative: a signal)."""

    async def stop(self) -> None:
        """Let running calls finish for a moment, then end the process and its descendants."""


class ReplicaStarter(Protocol):
    """Starts replicas."""

    async def start(self, order: ReplicaOrder) -> Replica:
        """Start one and return it once `init` returned.

        Raises:
            ReplicaFailedError: `UserScriptFunctionNotFound`, `UserScriptImportError`,
                `UserScriptInitFailed` with the traceback in its details, or
                `ReplicaStartFailed` with the exit code or the limit that was hit.
        """
