"""A run: the one thing that executes. Its states, its transitions, its rules.

States are Azure ML's. Terminal states absorb: nothing leaves them. A run that executes user code
is driven by one runner at a time; the attempt number is its fencing token, and what an older
attempt sends is refused.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from zaffre.base.text import shown
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.run_data import DataInput, DataOutput
from zaffre.domain.spark import Spark


class RunState(StrEnum):
    """The states of a run, as Azure ML names them."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    PAUSED = "Paused"
    NOT_RESPONDING = "NotResponding"


_S = RunState
TERMINAL = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELED})
DRIVEN = frozenset(
    {_S.STARTING, _S.RUNNING, _S.FINALIZING, _S.CANCEL_REQUESTED, _S.NOT_RESPONDING}
)
"""States in which a runner may be alive."""
WAITING = frozenset(
    {_S.NOT_STARTED, _S.QUEUED, _S.PREPARING, _S.PROVISIONING, _S.STARTING, _S.PAUSED}
)
"""States in which the program of a run does not run yet."""
_TOLD = TERMINAL | {_S.NOT_STARTED, _S.RUNNING}
_ENDS = TERMINAL | {_S.CANCEL_REQUESTED}
RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.NOT_STARTED: frozenset({_S.QUEUED, _S.RUNNING}) | _ENDS,
    _S.QUEUED: frozenset({_S.PREPARING, _S.PROVISIONING}) | _ENDS,
    _S.PREPARING: frozenset({_S.QUEUED, _S.PROVISIONING, _S.STARTING}) | _ENDS,
    _S.PROVISIONING: frozenset({_S.QUEUED, _S.PREPARING, _S.STARTING}) | _ENDS,
    _S.STARTING: frozenset({_S.QUEUED, _S.RUNNING, _S.NOT_RESPONDING}) | _ENDS,
    _S.RUNNING: frozenset({_S.QUEUED, _S.FINALIZING, _S.PAUSED, _S.NOT_RESPONDING}) | _ENDS,
    _S.FINALIZING: frozenset({_S.QUEUED, _S.NOT_RESPONDING}) | _ENDS,
    _S.PAUSED: frozenset({_S.RUNNING, _S.QUEUED}) | _ENDS,
    _S.NOT_RESPONDING: frozenset({_S.QUEUED, _S.RUNNING, _S.FINALIZING}) | _ENDS,
    _S.CANCEL_REQUESTED: TERMINAL,
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELED: frozenset(),
}


USER_TAG = "mlflow.user"
"""The tag with which programs name the person that they run for."""
PARENT_TAG = "mlflow.parentRunId"
"""The tag with which programs name the run above; kept as it is where there is no such run, as in
a copy of runs from elsewhere."""
HEARTBEAT_LOST = "HeartbeatLost"
"""The code of a run whose program was silent for too long; it may come back."""
LEAVING = "leaving"
"""In the handle of a run that is being deleted for good."""
_MAX_CODE = 255
_MAX_MESSAGE = 8192
_MAX_DETAILS = 65_536


class RunKind(StrEnum):
    """What drives a run."""

    INTERACTIVE = "interactive"
    """The program that created it (`start_logging`); the engine leaves it alone."""
    SCRIPT = "script"
    """A runner that the engine launches."""


class DistributionKind(StrEnum):
    """How the processes of one run find each other."""

    MPI = "mpi"
    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The processes of a run that is more than one.

    Attributes:
        process_count: All of them together; None is one for each node, or what `kind` counts.
        process_count_per_node: Processes on one node; None is one.
        worker_count: Of TensorFlow.
        parameter_server_count: Of TensorFlow.
        backend: Of PyTorch, such as `nccl` or `gloo`.
    """

    kind: DistributionKind
    process_count: int | None = None
    process_count_per_node: int | None = None
    worker_count: int = 1
    parameter_server_count: int = 0
    backend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How a run is put into a container of its environment's image.

    Attributes:
        arguments: Further words for `docker run`, of those that are allowed.
        shm_size: Such as `2g`.
    """

    arguments: tuple[str, ...] = ()
    shm_size: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What a run was asked to do; never changed.

    Attributes:
        script: Path below the snapshot; None when `command` says it all.
        arguments: Passed to the script as they are.
        command: A whole command line instead of a script.
        snapshot_id: The source folder; None for interactive runs.
        environment: None for interactive runs.
        environment_name: What the program called the environment.
        compute: Name of the compute target; `local` is this machine.
        variables: Environment variables on top of the environment's own.
        max_seconds: The run is ended when it runs longer; None is without limit.
        inputs: The data that the script is given.
        outputs: The data that it leaves.
        node_count: The nodes that it takes.
        distribution: How it is several processes; None is one.
        priority: Runs of a higher one start before others that wait for the same target.
        container: None runs outside of containers, unless the environment is an image.
        spark: Is a program of Spark; None is not.
        instance_type: The sort of node that it takes, where its target has several.
        definition: The v1 run definition as the client wrote it, given back by `get_details`.
    """

    kind: RunKind
    script: str | None = None
    arguments: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    snapshot_id: str | None = None
    environment: EnvironmentSpec | None = None
    environment_name: str = ""
    compute: str = "local"
    variables: dict[str, str] = field(default_factory=dict)
    max_seconds: int | None = None
    inputs: tuple[DataInput, ...] = ()
    outputs: tuple[DataOutput, ...] = ()
    node_count: int = 1
    distribution: Distribution | None = None
    priority: int = 0
    container: Container | None = None
    spark: Spark | None = None
    instance_type: str = ""
    definition: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run failed.

    Attributes:
        code: A stable PascalCase name, such as `UserScriptFailed` or `EnvironmentBuildFailed`.
        message: For people, with the exit code or the signal.
        details: The last lines of the log, or of the build.
    """

    code: str
    message: str
    details: str = ""

    def shortened(self) -> "RunError":
        """Return it in a size that a page of runs can carry: it is read with every run.

        It is cut, not refused, so that a run can always be ended; details keep their end.
        """
        return RunError(
            code=self.code[:_MAX_CODE],
            message=self.message[:_MAX_MESSAGE],
            details=self.details[-_MAX_DETAILS:],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it is now.

    Attributes:
        number: Counts within the experiment, from 1.
        attempt: How often a runner was launched; the fencing token of the present one.
        handle: What the launcher needs to find the present runner again; empty without one.
        error: Set before the end when the program itself called `fail`; the end respects it.
        properties: Write-once. Tags are free.
        archived_at: When it was put away; None while it is listed.
    """

    id: str
    workspace_id: str
    experiment_id: str
    experiment_name: str
    parent_id: str | None
    number: int
    spec: RunSpec
    state: RunState
    display_name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    error: RunError | None = None
    attempt: int = 0
    handle: dict[str, Any] = field(default_factory=dict)
    created_by: str = ""
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    archived_at: datetime | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended."""
        return self.state in TERMINAL

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended."""
        return not self.is_terminal

    @property
    def began_at(self) -> datetime:
        """When it started; when it was created, until it does."""
        return self.started_at or self.created_at

    @property
    def user(self) -> str:
        """Whom its program names, or else who created it."""
        return self.tags.get(USER_TAG, self.created_by)

    @property
    def beats(self) -> bool:
        """Whether its program promised to say now and then that it lives."""
        return bool(self.handle.get("beats"))

    @property
    def is_leaving(self) -> bool:
        """Whether it is being deleted for good."""
        return bool(self.handle.get(LEAVING))

    @property
    def is_preempted(self) -> bool:
        """Whether its nodes are being taken away."""
        return bool(self.handle.get("preempted")) and self.state is not RunState.CANCEL_REQUESTED

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that it holds."""
        return tuple(self.handle.get("place", {}).get("nodes", ()))

    @property
    def attempts(self) -> int:
        """How many runners were launched since it was last taken out of the queue."""
        return self.attempt - int(self.handle.get("first_attempt", 0))

    @property
    def is_lost(self) -> bool:
        """Whether it was ended only because its program was silent."""
        failed = self.state is RunState.FAILED and self.spec.kind is RunKind.INTERACTIVE
        return failed and self.error is not None and self.error.code == HEARTBEAT_LOST

    def move(self, state: RunState, *, at: datetime, error: RunError | None = None) -> "Run":
        """Return the run in `state`; moving to the present state changes nothing.

        Raises:
            ConflictError: `RunIsTerminal` or `InvalidTransition`.
        """
        if state is self.state:
            return self
        if self.is_terminal:
            raise ConflictError(
                "RunIsTerminal",
                f"The run {shown(self.id)} is {self.state} and cannot become {state}.",
                target="state",
            )
        if state not in RUN_TRANSITIONS[self.state]:
            raise ConflictError(
                "InvalidTransition",
                f"The run {shown(self.id)} is {self.state} and cannot become {state}.",
                target="state",
            )
        started = self.started_at or (at if state is RunState.RUNNING else None)
        return replace(
            self,
            state=state,
            started_at=started,
            ended_at=at if state in TERMINAL else None,
            error=error or self.error,
        )

    def restate(self, state: RunState, *, at: datetime) -> "Run":
        """Return the run in the state that its own program says it is in.

        A program that drives its run itself may take it up again after its end, as
        `mlflow.start_run(run_id=...)` does; the end of a script is final.

        Raises:
            ConflictError: `RunIsTerminal` or `InvalidTransition`, for a script.
        """
        if self.spec.kind is not RunKind.INTERACTIVE or state not in _TOLD:
            return self.move(state, at=at)
        if state is self.state:
            return self
        return replace(
            self,
            state=state,
            started_at=self.started_at or (at if state is RunState.RUNNING else None),
            ended_at=at if state in TERMINAL else None,
            error=self.error if state is RunState.FAILED else None,
        )

    def check_attempt(self, attempt: int) -> None:
        """Refuse what an older runner sends.

        Raises:
            ConflictError: `StaleAttempt`.
        """
        if attempt != self.attempt or self.is_terminal:
            raise ConflictError(
                "StaleAttempt",
                f"Attempt {attempt} of the run {shown(self.id)} was replaced or has ended.",
                target="attempt",
                hint="The runner of an old attempt ends itself; nothing is to be done.",
            )

    def check_listed(self) -> None:
        """Refuse to change a run that was put away.

        Raises:
            InvalidError: `RunArchived`.
        """
        if self.archived_at is not None:
            raise InvalidError(
                "RunArchived",
                f"The run {shown(self.id)} must be in the 'active' state. "
                "Current state is deleted.",
                target="run_id",
                hint="Restore it first.",
                name=self.id,
            )

    def check_open(self) -> None:
        """Refuse to add to a run that has ended; one that merely seemed lost takes what comes.

        Raises:
            ConflictError: `RunIsTerminal`.
        """
        if self.is_terminal and not self.is_lost:
            raise ConflictError(
                "RunIsTerminal",
                f"The run {shown(self.id)} is {self.state}; nothing can be added to it.",
                target="run",
                hint="Log before `complete()`, or start another run.",
            )
