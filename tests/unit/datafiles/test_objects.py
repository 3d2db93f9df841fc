"""Object stores that list in an order of their own."""

import asyncio
import random
from collections.abc import AsyncIterator

import obstore
import pytest
from obstore.store import MemoryStore
from zaffre.adapters.datafiles import objects
from zaffre.adapters.datafiles.objects import ObjectFiles
from zaffre.domain.data_files import DataFile
from zaffre.domain.errors import InvalidError, NotFoundError

NAMES = sorted({f"{a}{b}{c}" for a in "abc" for b in ("-", "/", ".", "0/") for c in range(9)})


class Shuffled(ObjectFiles):
    """Lists as a lake might; folders come in an order that is not that of paths."""

    async def _listed(self, begin: str, after: str) -> AsyncIterator[DataFile]:
        found = [file async for file in super()._listed(begin, after)]
        random.Random(1).shuffle(found)  # noqa: S311 - no secret
        for file in found:
            yield file


@pytest.mark.parametrize("held", [1, 5, 54, 107, 108, 109, 1000])
def test_paths_come_in_order_however_few_are_held(monkeypatch, held):
    monkeypatch.setattr(objects, "_IN_ORDER", held)
    store = MemoryStore()
    for name in NAMES:
        obstore.put(store, name, b"x")
    files = Shuffled(store, "lake", in_order=False)

    async def inside():
        assert [file.path async for file in files.list()] == NAMES
        for after in (NAMES[0], NAMES[50], NAMES[-2], NAMES[-1], "b"):
            behind = [name for name in NAMES if name > after]
            assert [file.path async for file in files.list(after=after)] == behind
        assert [file.path async for file in files.list(pattern="b/*")] == [
            name for name in NAMES if name.startswith("b/")
        ]

    asyncio.run(inside())
    assert len(NAMES) == 108


def test_paths_that_no_object_has_are_no_failure_of_the_storage():
    files = ObjectFiles(MemoryStore(), "store")

    async def inside():
        with pytest.raises(NotFoundError):
            await files.stat("a\x7fb")
        with pytest.raises(InvalidError):
            assert [file async for file in files.list(prefix="a\nb/")] == []

    asyncio.run(inside())
