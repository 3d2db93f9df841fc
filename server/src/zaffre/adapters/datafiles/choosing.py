"""Choosing among the files that a storage lists."""

import asyncio
from collections.abc import Sequence

from zaffre_sdk.data.patterns import Pattern

from zaffre.domain.data_files import DataFile


async def chosen(
    files: Sequence[DataFile], wanted: Pattern | None, *, prefix: str
) -> Sequence[DataFile]:
    """Return the files that are wanted and whose paths begin with `prefix`.

    What a pattern needs more than a look for happens in a thread: nobody waits for it.
    """
    begun = [file for file in files if file.path.startswith(prefix)]
    if wanted is None or wanted.is_plain:
        return [file for file in begun if wanted is None or wanted.matches(file.path)]
    return await asyncio.to_thread(lambda: [file for file in begun if wanted.matches(file.path)])
