"""Takes things apart that were deleted for good, and returns the room that they took.

The only one who removes bytes, for doors and for the engine; see `ports.blobs` for why bytes
that somebody is about to name are never among them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from zaffre.domain.removals import Removal, RemovalKind, Removed
from zaffre.ports.blobs import Blobs
from zaffre.ports.logs import LogStore
from zaffre.services.deletion import Target
from zaffre.services.work import Work

UNTOUCHED_SECONDS: Final = 60.0
"""Bytes that were put since then may be about to get a name."""
ORPHAN_SECONDS: Final = 86_400.0
"""Bytes that were sent and got no name for so long are nobody's."""
_AT_ONCE: Final = 500
_RUNS_AT_ONCE: Final = 100
_log: Final = logging.getLogger(__name__)

RemoveFolder = Callable[[str, str], Awaitable[None]]
RemoveFiles = Callable[[str], Awaitable[None]]


class Eraser:
    """Removes what was noted to go.

    Args:
        remove_folder: Removes what the launcher keeps of a run, given workspace and run.
        remove_files: Removes the files of the datastores that came with a workspace.
    """

    def __init__(
        self,
        work: Work,
        blobs: Blobs,
        logs: LogStore,
        *,
        remove_folder: RemoveFolder,
        remove_files: RemoveFiles,
        untouched_seconds: float = UNTOUCHED_SECONDS,
    ) -> None:
        self._work = work
        self._blobs = blobs
        self._logs = logs
        self._remove_folder = remove_folder
        self._remove_files_of = remove_files
        self._untouched = untouched_seconds
        self._one = asyncio.Lock()

    async def erase(self, target: Target) -> Removed:
        """Remove what `target` says, and return how much it was.

        When it is interrupted the engine goes on with what was noted by then.
        """
        async with self._one:  # From the note on, so that the engine leaves it to us.
            for some in batched(target.removals):
                await self._work.write(lambda s: s.deletion.begin(some))  # noqa: B023 - waited for
            removed = await self._take_apart(target.removals)
            return removed + await self._go_on()

    async def erase_workspace(self, workspace_id: str) -> None:
        """Remove the files of a workspace that was deleted; what cannot be is tried again."""
        async with self._one:
            noted = await self._pending(workspaces=True)
            await self._take_workspaces([one for one in noted if one.target_id == workspace_id])

    async def resume(self) -> Removed:
        """Remove what is noted to go, since a server died or was asked to forget files."""
        async with self._one:
            return await self._go_on()

    async def sweep(self) -> Removed:
        """Remove bytes that were sent long ago and never got a name."""
        removed = Removed()
        async for digests in self._blobs.untouched(ORPHAN_SECONDS):
            async with self._one:
                for start in range(0, len(digests), _AT_ONCE):
                    some = digests[start : start + _AT_ONCE]
                    removed += await self._free(some, untouched_for=ORPHAN_SECONDS)
        return removed

    async def _go_on(self) -> Removed:
        removed = Removed()
        while pending := await self._pending(workspaces=False):
            removed += await self._take_apart(pending)
        await self._take_workspaces(await self._pending(workspaces=True))
        removed += await self._free_doomed()
        waiting = await self._work.read(lambda s: s.stores.doomed.unnamed_bytes())
        return replace(removed, bytes_pending=waiting)

    async def _pending(self, *, workspaces: bool) -> Sequence[Removal]:
        pending = await self._work.read(lambda s: s.deletion.pending())
        return [one for one in pending if (one.kind is RemovalKind.WORKSPACE) is workspaces]

    async def _take_workspaces(self, removals: Sequence[Removal]) -> None:
        for one in removals:
            try:
                await self._remove_files_of(one.workspace_id)
            except OSError as error:
                # Programs beside the server write there, too; all else goes on meanwhile.
                _log.warning("Files of the workspace %s stay for now: %s", one.target_id, error)
            else:
                await self._finish([one])

    async def _take_apart(self, removals: Sequence[Removal]) -> Removed:
        removed = Removed()
        runs = [one for one in removals if one.kind is RemovalKind.RUN]
        for some in batched(runs):
            ids: dict[str, list[str]] = {}
            for one in some:
                ids.setdefault(one.workspace_id, []).append(one.target_id)
            for workspace_id, run_ids in ids.items():
                removed += await self._take_runs(workspace_id, run_ids)
            await self._finish(some)
        for one in removals:
            if one.kind is not RemovalKind.RUN:
                removed += await self._take_whole(one)
        return removed

    async def _take_whole(self, removal: Removal) -> Removed:
        removed = Removed()
        while run_ids := await self._work.read(lambda s: s.deletion.next_runs(removal)):
            removed += await self._take_runs(removal.workspace_id, run_ids)
        await self._finish([removal])
        return removed

    async def _take_runs(self, workspace_id: str, run_ids: Sequence[str]) -> Removed:
        await self._remove_files(workspace_id, run_ids)
        removed = Removed()
        while True:
            part = await self._work.write(lambda s: s.deletion.take_runs(workspace_id, run_ids))
            removed += part.removed
            if part.done:
                return removed

    async def _finish(self, removals: Sequence[Removal]) -> None:
        while not await self._work.write(lambda s: s.deletion.finish(removals)):
            _log.debug("There is more of it")
        _log.info("Removed %s", ", ".join(f"{one.kind} {one.target_id}" for one in removals))

    async def _remove_files(self, workspace_id: str, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            await self._logs.remove((workspace_id, run_id))
            await self._remove_folder(workspace_id, run_id)

    async def _free_doomed(self) -> Removed:
        removed, after = Removed(), ""
        while True:
            place = after
            page = await self._work.read(
                lambda s: s.stores.doomed.list(limit=_AT_ONCE, after=place)  # noqa: B023 - waited for
            )
            if not page:
                return removed
            removed += await self._free(page, untouched_for=self._untouched)
            after = page[-1]

    async def _free(self, digests: Iterable[str], *, untouched_for: float) -> Removed:
        async def unnamed(old: list[str]) -> Iterable[str]:
            return await self._work.write(lambda s: s.stores.doomed.give_up(old))

        gone = await self._blobs.remove(digests, untouched_for=untouched_for, confirm=unnamed)
        if gone:
            await self._work.write(lambda s: s.stores.doomed.settle(sorted(gone)))
        return replace(Removed(), bytes_freed=sum(gone.values()))


def batched(removals: Sequence[Removal]) -> Iterator[Sequence[Removal]]:
    """Yield them in numbers that one transaction can take."""
    for start in range(0, len(removals), _RUNS_AT_ONCE):
        yield removals[start : start + _RUNS_AT_ONCE]
