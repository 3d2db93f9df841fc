"""Starting runners somewhere."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOrder:
    """What a launcher needs to start the runner of one attempt of one run.

    Attributes:
        token: The secret of this attempt; it reaches the runner by file or pipe.
        python: The interpreter that the user's process gets.
        variables: Environment variables of the built environment.
    """

    workspace_id: str
    run_id: str
    attempt: int
    token: str
    server_url: str
    python: str
    variables: dict[str, str] = field(default_factory=dict)


class Launcher(Protocol):
    """Starts a runner somewhere, tells whether it lives, stops it.

    A runner outlives the server that launched it. A handle is plain JSON, enough to find the
    runner again after a restart, and never mistakes another process for it.
    """

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Start the runner and return its handle."""

    async def is_alive(self, handle: dict[str, Any]) -> bool:
        """Tell whether the runner of that handle still lives."""

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the runner, if it lives, and every process that the run left behind."""
