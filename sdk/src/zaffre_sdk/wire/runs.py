"""Runs on the wire."""

from typing import Annotated, Any, Optional

import msgspec

from zaffre_sdk.wire.datasets import DataInput, DataOutput
from zaffre_sdk.wire.environments import EnvironmentSpec
from zaffre_sdk.wire.shapes import In, Out


class Distribution(In):
    """The processes of a run that is more than one.

    Attributes:
        kind: `mpi`, `pytorch` or `tensorflow`.
        process_count: All of them together; None is one for each node, or what `kind` counts.
        process_count_per_node: Processes on one node.
        worker_count: Of `tensorflow`.
        parameter_server_count: Of `tensorflow`.
        backend: Of `pytorch`, such as `nccl` or `gloo`.
    """

    kind: str
    process_count: Optional[int] = None
    process_count_per_node: Optional[int] = None
    worker_count: int = 1
    parameter_server_count: int = 0
    backend: str = ""


class Container(In):
    """How a run is put into a container of its environment's image.

    Attributes:
        arguments: Further words for `docker run`, of those that are allowed.
        shm_size: Such as `2g`.
    """

    arguments: list[str] = msgspec.field(default_factory=list)
    shm_size: str = ""


class Spark(In):
    """How the script of a run is a program of Spark.

    Attributes:
        configuration: Settings of Spark, such as `spark.driver.memory`.
        packages: Packages of Maven that Spark fetches, as `group:artifact:version`.
        repositories: Where it looks for them besides Maven Central.
    """

    configuration: dict[str, str] = msgspec.field(default_factory=dict)
    packages: list[str] = msgspec.field(default_factory=list)
    repositories: list[str] = msgspec.field(default_factory=list)


class RunSpec(In):
    """What a run is asked to do; never changed.

    Attributes:
        kind: `interactive` (its program drives it) or `script` (a runner does).
        script: Path below the snapshot; or `command`, a whole command line.
        inputs: The data that the script is given.
        outputs: The data that it leaves.
        node_count: The nodes that it takes.
        distribution: How it is several processes; None is one.
        priority: Runs of a higher one start before others that wait for the same target.
        container: Runs in a container; None does not.
        spark: Is a program of Spark; None is not.
        instance_type: The sort of node that it takes, where its target has several.
        definition: The v1 run definition, given back by `get_details`.
    """

    kind: str
    script: Optional[str] = None
    arguments: list[str] = msgspec.field(default_factory=list)
    command: list[str] = msgspec.field(default_factory=list)
    snapshot_id: Optional[str] = None
    environment: Optional[EnvironmentSpec] = None
    environment_name: str = ""
    compute: str = "local"
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    max_seconds: Optional[int] = None
    inputs: list[DataInput] = msgspec.field(default_factory=list)
    outputs: list[DataOutput] = msgspec.field(default_factory=list)
    node_count: int = 1
    distribution: Optional[Distribution] = None
    priority: int = 0
    container: Optional[Container] = None
    spark: Optional[Spark] = None
    instance_type: str = ""
    definition: dict[str, Any] = msgspec.field(default_factory=dict)


class RunIn(In):
    """Create a run: an interactive one starts at once, a script is queued.

    Attributes:
        id: Chosen by the client, or None for an id made of experiment, time and chance.
        beats: The program says every half minute that it lives; an interactive run that was
            silent for long is ended.
        started_at: When an interactive run began, if that was before; None is now.
    """

    experiment: str
    spec: RunSpec
    id: Optional[str] = None
    parent_id: Optional[str] = None
    display_name: Optional[str] = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    properties: dict[str, str] = msgspec.field(default_factory=dict)
    beats: bool = False
    started_at: Optional[float] = None


class BeatsIn(In):
    """A program lives that drives these runs; at most 1000."""

    runs: Annotated[list[str], msgspec.Meta(max_length=1000)]


class BeatsOut(Out):
    """Those of the runs that are not watched: they have ended, or never were."""

    ended: list[str]


class RunError(In):
    """Why a run failed."""

    code: str
    message: str
    details: str = ""


class RunChange(In):
    """Change what is given; a tag of None is removed; properties can only be added."""

    display_name: Optional[str] = None
    description: Optional[str] = None
    tags: Optional[dict[str, Optional[str]]] = None
    properties: Optional[dict[str, str]] = None


class RunEnd(In):
    """The program that drives a run says that it ended: `Completed`, `Failed` or `Canceled`.

    For a script run this comes from inside the script: `Failed` is remembered until its runner
    ends it, `Completed` changes nothing, since the exit of the script decides.
    """

    state: str
    error: Optional[RunError] = None


class AttemptStart(In):
    """The runner asks for leave to start the user's process; given once for each attempt.

    Attributes:
        runner: A name of its own, so that it may ask again when an answer was lost.
    """

    attempt: int
    runner: str = ""


class Resources(Out):
    """What a run may use; None is as much as there is."""

    cores: Optional[int] = None
    memory_mb: Optional[int] = None
    gpus: Optional[int] = None


class AttemptStarted(Out):
    """What the runner needs.

    Attributes:
        python: The interpreter of the built environment.
        nodes: The nodes that the run was given, by name; empty where the target has none.
        resources: What the run may use of each node.
        max_seconds: The run is ended when it runs longer; what the run and its target say.
        image: The image whose container the run is put into; None is none.
        variables: The whole set of extra environment variables of the user's process.
        log_path: Where what the process writes belongs.
    """

    run_id: str
    experiment: str
    spec: RunSpec
    python: str
    variables: dict[str, str]
    nodes: list[str] = msgspec.field(default_factory=list)
    resources: Resources = msgspec.field(default_factory=Resources)
    max_seconds: Optional[int] = None
    image: Optional[str] = None
    log_path: str = "user_logs/std_log.txt"
    kill_grace_seconds: float = 10.0
    beat_seconds: float = 2.0


class AttemptBeat(In):
    """The runner lives, and which state its run is in (`Running` or `Finalizing`)."""

    attempt: int
    state: str


class AttemptOrders(Out):
    """What the runner is to do now."""

    cancel: bool = False


class AttemptEnd(In):
    """How the user's process ended; everything else has been uploaded before.

    Attributes:
        outcome: `Completed`, `Failed` or `Canceled`.
    """

    attempt: int
    outcome: str
    exit_code: Optional[int] = None
    error: Optional[RunError] = None


class RunOut(Out):
    """A run as it is now.

    Attributes:
        nodes: The nodes that it executes on.
        waits_for: Why it does not execute yet, in words; None where it was not looked up, and
            for a run that does not wait.
        params: What the run was given, as MLflow programs log it; None where it was not looked up.
    """

    id: str
    workspace_id: str
    experiment: str
    experiment_id: str
    parent_id: Optional[str]
    number: int
    spec: RunSpec
    state: str
    display_name: str
    description: str
    tags: dict[str, str]
    properties: dict[str, str]
    error: Optional[RunError]
    attempt: int
    created_by: str
    created_at: float
    started_at: Optional[float]
    ended_at: Optional[float]
    nodes: list[str] = msgspec.field(default_factory=list)
    waits_for: Optional[str] = None
    params: Optional[dict[str, str]] = None


class RunList(Out):
    """A page of runs, newest first; `next` continues it, None ends it."""

    value: list[RunOut]
    next: Optional[str] = None
