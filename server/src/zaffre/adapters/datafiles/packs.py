"""Many small files of a folder in one go, durable together."""

import contextlib
import os
from collections.abc import Sequence

from zaffre_sdk.parallel import parallel

from zaffre.adapters.datafiles.folders import Folder
from zaffre.adapters.datafiles.listing import file_of
from zaffre.adapters.datafiles.parts import Part, sync_above
from zaffre.domain.data_files import check_read_path, check_written_path, file_changed
from zaffre.domain.data_packs import SmallFile, WantedFile, Weight
from zaffre.domain.errors import ConflictError

_TAKEN = "DataFileExists"


def write_pack(folder: Folder, files: Sequence[SmallFile], *, overwrite: bool) -> list[bool]:
    """Write files, all of which are durable when this returns; tell of each whether it was.

    A disk takes many files at the price of few when it is told to keep them all at once.
    """
    paths = [check_written_path(file.path) for file in files]
    with contextlib.ExitStack() as stack:
        parts = []
        for number, file in enumerate(files):
            part = Part(folder, tidy=number == 0)
            stack.callback(part.discard)
            part.write(file.data)
            parts.append(part)
        parallel(Part.harden, parts)
        placed = [
            _placed(part, path, overwrite=overwrite)
            for part, path in zip(parts, paths, strict=True)
        ]
    # Those of files that were there, too: an earlier try of the same request may have placed them
    # a moment ago, and whoever repeats it takes them for written.
    above = {path.rpartition("/")[0] for path in paths}
    parallel(lambda one: sync_above(folder, one), sorted(above))
    return placed


def _placed(part: Part, path: str, *, overwrite: bool) -> bool:
    try:
        part.place(path, overwrite=overwrite, is_durable=False)
    except ConflictError as error:
        if error.code != _TAKEN:
            raise
        return False
    return True


def read_pack(folder: Folder, files: Sequence[WantedFile]) -> list[bytes]:
    """Return the bytes of files, all of which are held at once."""
    weight = Weight()
    found = []
    for wanted in files:
        path = check_read_path(wanted.path)
        with os.fdopen(folder.open_file(path), "rb", buffering=0) as file:
            known = file_of(path, os.fstat(file.fileno()))
            if wanted.mark and known.mark != wanted.mark:
                raise file_changed(path)
            weight.add(known.size)
            data = file.read(known.size)
            if len(data) != known.size:
                raise file_changed(path)
            found.append(data)
    return found
