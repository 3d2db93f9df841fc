"""Starting runners somewhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from zaffre.domain.computes import LOCAL, ComputeKind, NodeResources
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.spark import Spark


def _nobody(_line: str) -> None:
    """Take a line that nobody follows."""


async def _nowhere(_reason: str) -> None:
    """Take a reason that nobody keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputePlace:
    """Where a run executes.

    Attributes:
        kind: Of the target; `local` is a cluster of this machine, too.
        name: Of the target.
        settings: Of the target.
        credential: What it is reached with; never kept with a run.
        nodes: Those that the run holds.
        node_count: How many it asked for.
        resources: What it may use of each.
        packages: What the environment holds, as `name==version` lines, for places that have to
            make it again.
        environment: What was asked for, where the packages do not say it all.
        instance_type: The sort of node that it asked for by name.
        max_seconds: How long it may take; None is for ever.
        spark: How it is a program of Spark, for places that have one of their own.
    """

    kind: ComputeKind = ComputeKind.CLUSTER
    name: str = LOCAL
    settings: Mapping[str, Any] = field(default_factory=dict)
    credential: Mapping[str, str] = field(default_factory=dict, repr=False)
    nodes: tuple[str, ...] = ()
    node_count: int = 1
    resources: NodeResources = field(default_factory=NodeResources)
    packages: tuple[str, ...] = ()
    environment: EnvironmentSpec | None = None
    instance_type: str = ""
    max_seconds: int | None = None
    spark: Spark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOrder:
    """What a launcher needs to start the runner of one attempt of one run.

    Attributes:
        token: The secret of this attempt; it reaches the runner by file or pipe.
        python: The interpreter that the user's process gets.
        variables: Environment variables of the built environment.
        image: The image whose container the user's process is put into; None is none.
        place: Where the run executes.
        say: Takes lines of progress for people.
        wait: Takes the reason when the place cannot be reached and the launch waits for it; empty
            once it is reached.
    """

    workspace_id: str
    run_id: str
    attempt: int
    token: str = field(repr=False)
    server_url: str
    python: str
    variables: dict[str, str] = field(default_factory=dict)
    image: str | None = None
    place: ComputePlace = field(default_factory=ComputePlace)
    say: Callable[[str], None] = field(default=_nobody, repr=False, compare=False)
    wait: Callable[[str], Awaitable[None]] = field(default=_nowhere, repr=False, compare=False)


class OutOfReachError(Exception):
    """The place cannot be reached for now; its runs are to wait until it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a place says of a runner that does not speak for itself.

    Attributes:
        waits: It has not begun, since the place has no room for it yet.
        reason: Why it waits, in words of the place.
        ending: Why it is gone, in a sentence; empty where nobody knows.
        code: The name of that reason, where it would be the same for another runner.
    """

    waits: bool = False
    reason: str = ""
    ending: str = ""
    code: str = ""


class Launcher(Protocol):
    """Starts a runner somewhere, tells whether it lives, stops it.

    A runner outlives the server that launched it. A handle is plain JSON, enough to find the
    runner again after a restart, and never mistakes another process for it.
    """

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Start the runner and return its handle.

        Raises:
            OSError: It cannot be started; the run fails and says so.
            OutOfReachError: Not now; the run is queued again.
        """

    async def is_alive(self, handle: dict[str, Any]) -> bool | None:
        """Tell whether the runner of that handle still lives; None is that nobody can tell."""

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return what else is known of the runner of that handle."""

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the runner, if it lives, and every process that the run left behind."""
