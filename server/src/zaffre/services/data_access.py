"""Opens the files of datastores for those who may see them; beside `Work`, as files wait."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from zaffre.domain.access import Principal
from zaffre.domain.data_files import check_read_path
from zaffre.domain.datastores import Datastore
from zaffre.domain.errors import NotFoundError
from zaffre.ports.data_files import DataFiles, DataFilesOf, NearbyFolder
from zaffre.services.work import Work

_OPEN: Final = 100
_AT_ONCE: Final = 16


class DataAccess:
    """The files of the datastores that a caller sees.

    What was opened is kept for a while, with the connections of its object store.
    """

    def __init__(self, work: Work, files: DataFilesOf) -> None:
        self._work = work
        self._files = files
        self._open: OrderedDict[tuple[str, str], tuple[datetime, DataFiles]] = OrderedDict()

    async def files(self, workspace_id: str, name: str, *, caller: Principal) -> DataFiles:
        """Return the files of a datastore.

        Raises:
            NotFoundError: `DatastoreNotFound`, listing those there are.
            InvalidError: `DatastoreHasNoFiles`, `DatastoreNotSpoken`, `DatastoreMisconfigured`.
        """
        datastore = await self._work.read(
            lambda s: s.datastores.get(workspace_id, name, caller=caller)
        )
        key = (workspace_id, datastore.name)
        known = self._open.get(key)
        if known is not None and known[0] == datastore.updated_at:
            self._open.move_to_end(key)
            return known[1]
        files = self._files.open(*await self._with_credential(datastore, caller))
        self._open[key] = (datastore.updated_at, files)
        while len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return files

    async def nearby(
        self, workspace_id: str, name: str, *, caller: Principal
    ) -> NearbyFolder | None:
        """Return where the files lie on this machine's disk; None when they do not."""
        datastore = await self._work.read(
            lambda s: s.datastores.get(workspace_id, name, caller=caller)
        )
        return await self._files.nearby(datastore)

    async def remove(self, workspace_id: str, name: str, path: str, *, caller: Principal) -> int:
        """Remove the file of a path and those below the folder of that path; return how many."""
        files = await self.files(workspace_id, name, caller=caller)
        removed = 0
        place = check_read_path(path.strip("/"))
        with contextlib.suppress(NotFoundError):
            await files.stat(place)
            await files.remove(place)
            removed += 1
        waiting: list[str] = []
        async for file in files.list(prefix=f"{place}/"):
            waiting.append(file.path)
            if len(waiting) == _AT_ONCE:
                await asyncio.gather(*(files.remove(one) for one in waiting))
                removed += len(waiting)
                waiting.clear()
        await asyncio.gather(*(files.remove(one) for one in waiting))
        return removed + len(waiting)

    async def _with_credential(
        self, datastore: Datastore, caller: Principal
    ) -> tuple[Datastore, Mapping[str, str]]:
        this = (datastore.workspace_id, datastore.name)
        return await self._work.read(lambda s: s.datastores.with_credential(*this, caller=caller))
