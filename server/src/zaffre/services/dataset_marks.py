"""What the files of datasets are: looked at when a version is registered, and compared later.

Files are looked at outside of transactions, since that takes as long as the storage takes.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.datasets import (
    MAX_FILES,
    SLICE,
    Dataset,
    Definition,
    FileMark,
    Listing,
    Place,
    compare,
)
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from zaffre.ports.data_files import DataFiles, DataFilesOf
from zaffre.services.datasets import NewDataset
from zaffre.services.work import Work

_AT_ONCE: Final = 8
_TRIES: Final = 3
_log: Final = logging.getLogger(__name__)
_Key: TypeAlias = tuple[str | None, str]
_Known: TypeAlias = Mapping[_Key, FileMark]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How the files of a version differ from what they were.

    Attributes:
        checked: How many files were looked at.
    """

    checked: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Whether everything is as it was."""
        return not (self.changed or self.missing or self.added)


class DatasetMarks:
    """Looks at the files of datasets."""

    def __init__(self, work: Work, files_of: DataFilesOf) -> None:
        self._work = work
        self._files_of = files_of

    async def take(
        self, workspace_id: str, new: NewDataset, *, caller: Principal
    ) -> tuple[FileMark, ...]:
        """Return what the files of a dataset are that is about to be registered.

        Files with a name get a digest where their storage has them at hand. A dataset that will
        be answered as it is already is not looked at.

        Raises:
            InvalidError: `NoFilesMatch`, naming pattern and datastore; what `prepare` raises; or
                what the storage refuses.
            NotFoundError: `DatastoreNotFound`, naming those that there are.
            ConflictError: `FileChanges`: a file is being written.
            TooLargeError: `TooManyFiles`.
        """
        prepared = await self._work.read(
            lambda s: s.datasets.prepare(workspace_id, new, caller=caller)
        )
        if prepared.present is not None:
            return ()
        opened = await self._opened(workspace_id, prepared.definition, caller=caller)
        marks = await _listed(prepared.definition, opened, may_be_empty=prepared.may_be_empty)
        if new.name is not None:
            known = await asyncio.to_thread(_by_key, prepared.known)
            marks = await _settled(prepared.definition, marks, opened, known)
        return (*marks, *new.marks)

    @contextlib.asynccontextmanager
    async def taken(
        self, workspace_id: str, new: NewDataset, *, caller: Principal
    ) -> AsyncIterator[Listing]:
        """Yield the files of a dataset that is registered within.

        What is too much for one transaction is kept beforehand in many, and forgotten again when
        no dataset comes of it. Raises as `take`.
        """
        marks = await self.take(workspace_id, new, caller=caller)
        listing = await asyncio.to_thread(Listing.of, marks)
        draft = None
        if listing.count > SLICE:
            draft = await self._work.write(
                lambda s: s.datasets.begin(workspace_id, new, listing.digest, caller=caller)
            )
        if draft is None:
            yield listing
            return
        try:
            for start in range(0, listing.count, SLICE):
                await self._extend(draft, marks[start : start + SLICE], start)
            yield replace(listing, marks=(), draft_id=draft.id)
        finally:
            await self._discard(draft)

    async def forget_drafts(self, *, before: datetime) -> None:
        """Forget the drafts that a server left which was killed before that time."""
        for draft in await self._work.read(lambda s: s.stores.datasets.drafts()):
            if draft.created_at < before:
                await self._discard(draft)

    async def _extend(self, draft: Dataset, marks: Sequence[FileMark], start: int) -> None:
        await self._work.write(lambda s: s.stores.datasets.extend(draft, marks, start=start))

    async def _discard(self, draft: Dataset) -> None:
        while not await self._work.write(lambda s: s.stores.datasets.discard(draft, most=SLICE)):
            _log.debug("There is more of it")

    async def changes(self, workspace_id: str, dataset_id: str, *, caller: Principal) -> Changes:
        """Return how the files of a version differ from what they were when it was registered.

        Marks are compared first, and contents only where a mark differs. Addresses are not
        looked at.

        Raises:
            NotFoundError: `DatasetNotFound`, or `DatastoreNotFound` when one is gone.
            ConflictError: `FileChanges`: a file was removed while it was read.
        """
        dataset, known = await self._work.read(
            lambda s: s.datasets.marks(workspace_id, dataset_id, caller=caller)
        )
        opened = await self._opened(workspace_id, dataset.definition, caller=caller)
        seen = await _listed(dataset.definition, opened, may_be_empty=True)
        before = await asyncio.to_thread(
            _by_key, (mark for mark in known if mark.datastore is not None)
        )
        found = await asyncio.to_thread(compare, before.values(), seen)
        doubtful = await _digested(found.doubtful, opened, {})
        really = [mark for mark in doubtful if mark.digest != before[mark.key].digest]
        name = _Names(opened)
        return Changes(
            checked=found.checked,
            changed=name.of([*found.changed, *really]),
            missing=name.of(found.missing),
            added=name.of(found.added),
        )

    async def _opened(
        self, workspace_id: str, definition: Definition, *, caller: Principal
    ) -> dict[str, DataFiles]:
        """Return the files of the datastores that hold files of a definition, by name.

        The datastore of a query has to be there, too.
        """
        found = await self._work.read(
            lambda s: {
                name: s.datastores.with_credential(workspace_id, name, caller=caller)
                for name in definition.datastores
            }
        )
        places = {place.datastore for place in definition.places}
        return {name: self._files_of.open(*each) for name, each in found.items() if name in places}


async def _listed(
    definition: Definition, opened: Mapping[str, DataFiles], *, may_be_empty: bool
) -> Sequence[FileMark]:
    """Return the files of all places but addresses, each but once, in the order of places."""
    marks: dict[tuple[str | None, str], FileMark] = {}
    for place in definition.places:
        if place.datastore is None:
            continue
        is_empty = True
        async for mark in _files_at(place, opened[place.datastore]):
            is_empty = False
            marks.setdefault(mark.key, mark)
            if len(marks) > MAX_FILES:
                raise _too_many(place)
        if is_empty and not may_be_empty:
            raise _no_files(place)
    return list(marks.values())


async def _files_at(place: Place, files: DataFiles) -> AsyncIterator[FileMark]:
    async for file in files.list(pattern=place.path or None):
        yield FileMark(file.path, file.size, file.mark, place.datastore)


async def _settled(
    definition: Definition,
    marks: Sequence[FileMark],
    opened: Mapping[str, DataFiles],
    known: _Known,
) -> Sequence[FileMark]:
    """Return the marks with digests of just what they mark.

    Files are listed again once they were read: what has the same mark then did not change
    meanwhile, and what has another one is read again.
    """
    read = await _digested(marks, opened, known)
    done, moved = await asyncio.to_thread(_read_now, read, known)
    tries = 0
    while moved:
        if tries == _TRIES:
            raise _changes(moved[0])
        tries += 1
        listed = await _listed(definition, opened, may_be_empty=True)
        now = await asyncio.to_thread(_by_key, listed)
        gone = [mark for mark in moved if mark.key not in now]
        if gone:
            raise _changes(gone[0])
        others = [now[mark.key] for mark in moved if not _is_same(now[mark.key], mark)]
        moved = list(await _digested(others, opened, {}))
        done.update({mark.key: mark for mark in moved})
    return list(done.values())


def _by_key(marks: Iterable[FileMark]) -> dict[_Key, FileMark]:
    return {mark.key: mark for mark in marks}


def _read_now(
    marks: Sequence[FileMark], known: _Known
) -> tuple[dict[_Key, FileMark], list[FileMark]]:
    """Return the marks by their keys, and those whose files were read just now."""
    read = [mark for mark in marks if mark.digest and not _is_known(mark, known)]
    return _by_key(marks), read


async def _digested(
    marks: Sequence[FileMark], opened: Mapping[str, DataFiles], known: _Known
) -> Sequence[FileMark]:
    """Return the marks with digests; one that is known for the same mark is not made again.

    Where the storage has none it stays empty.

    Raises:
        ConflictError: `FileChanges`: a file is gone.
    """
    done, unknown = await asyncio.to_thread(_with_known, marks, known)
    waiting = iter(unknown)

    async def work() -> None:
        for index in waiting:
            mark = done[index]
            digest = await _digest(mark, opened[mark.datastore or ""])
            done[index] = replace(mark, digest=digest)

    tasks = [asyncio.create_task(work()) for _ in range(min(_AT_ONCE, len(unknown)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return done


def _with_known(marks: Sequence[FileMark], known: _Known) -> tuple[list[FileMark], Sequence[int]]:
    """Return the marks with the digests that are known, and the places of the others."""
    done = [
        replace(mark, digest=known[mark.key].digest) if _is_known(mark, known) else mark
        for mark in marks
    ]
    return done, [index for index, mark in enumerate(done) if not _is_known(mark, known)]


async def _digest(mark: FileMark, files: DataFiles) -> str:
    try:
        return await files.digest(mark.path)
    except NotFoundError:
        raise _changes(mark) from None


def _is_known(mark: FileMark, known: _Known) -> bool:
    return mark.key in known and _is_same(known[mark.key], mark)


def _is_same(one: FileMark, other: FileMark) -> bool:
    return (one.mark, one.size) == (other.mark, other.size)


def _changes(mark: FileMark) -> ConflictError:
    return ConflictError(
        "FileChanges",
        f"The file {shown(mark.path)} of the datastore {shown(mark.datastore)} was changed while "
        "it was read.",
        target="definition.places",
        hint="Try again once nobody writes the files of the dataset.",
    )


class _Names:
    """How files are called: with their datastore, when there are several."""

    def __init__(self, opened: Mapping[str, DataFiles]) -> None:
        self._is_one = len(opened) == 1

    def of(self, marks: Sequence[FileMark]) -> tuple[str, ...]:
        """Return the names of files in order."""
        return tuple(sorted(m.path if self._is_one else f"{m.datastore}/{m.path}" for m in marks))


def _no_files(place: Place) -> InvalidError:
    return InvalidError(
        "NoFilesMatch",
        f"No file of the datastore {shown(place.datastore)} matches {shown(place.path or '**')}.",
        target="definition.places",
        hint="Upload the files first, or check the spelling: upper and lower case differ, `*` "
        "stays within a folder and `**` does not.",
    )


def _too_many(place: Place) -> TooLargeError:
    return TooLargeError(
        "TooManyFiles",
        f"More than {MAX_FILES} files match, the last ones {shown(place.path)} of the datastore "
        f"{shown(place.datastore)}.",
        target="definition.places",
        hint="Register parts of them as datasets of their own.",
    )
