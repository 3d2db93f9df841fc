"""The launcher of each kind of compute target."""

from collections.abc import Mapping
from typing import Any, Final

from zaffre.domain.computes import ComputeKind
from zaffre.ports.launchers import Account, Launcher, RunnerOrder

_NEAR: Final = "process"


class ChosenLauncher:
    """Implements `ports.launchers.Launcher` by those of the kinds; the rest is this machine.

    Args:
        near: For this machine and its clusters.
        others: For the kinds of targets that are elsewhere.
    """

    def __init__(self, near: Launcher, others: Mapping[ComputeKind, Launcher]) -> None:
        self._near = near
        self._others = {str(kind): launcher for kind, launcher in others.items()}

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Start the runner and return its handle."""
        kind = str(order.place.kind)
        launcher = self._others.get(kind)
        if launcher is None:
            return await self._near.launch(order)
        return {**await launcher.launch(order), "kind": kind}

    async def is_alive(self, handle: dict[str, Any]) -> bool | None:
        """Tell whether the runner of that handle still lives; None is that nobody can tell."""
        return await self._of(handle).is_alive(handle)

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return what else is known of the runner of that handle."""
        return await self._of(handle).account(handle)

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the runner, if it lives, and every process that the run left behind."""
        await self._of(handle).stop(workspace_id, run_id, handle)

    def _of(self, handle: Mapping[str, Any]) -> Launcher:
        return self._others.get(handle.get("kind", _NEAR), self._near)
