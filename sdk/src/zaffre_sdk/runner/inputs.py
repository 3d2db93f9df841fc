"""The data that a script is given, laid before its process starts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zaffre_sdk.data.patterns import Pattern
from zaffre_sdk.data.progress import Progress
from zaffre_sdk.errors import SdkError
from zaffre_sdk.runner.waiting import UnwantedError, wanted
from zaffre_sdk.wire.datasets import DataInput, DataPlace, DataUse, Definition

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient
    from zaffre_sdk.runner.order import Folders

Say = Callable[[str], None]
_MOUNTED = frozenset({"mount", "hdfs"})


class DataInputError(Exception):
    """Data that the script was to be given cannot be had; says which and why."""


class _Watch(Progress):
    """Stops between two files when the run is to end."""

    def __init__(self, is_unwanted: Callable[[], bool]) -> None:
        self._is_unwanted = is_unwanted

    def began(self, name: str) -> None:
        """Go on, or not."""
        if self._is_unwanted():
            raise UnwantedError(name)


class Laid(NamedTuple):
    """An input that is ready.

    Attributes:
        value: What stands in the arguments for it: the id of a dataset, or where its files lie.
        mounted: Files that are there only until the run has ended.
    """

    given: DataInput
    value: str
    use: DataUse
    mounted: Sequence[Path] = ()


class Inputs:
    """Lays the inputs of one run.

    Args:
        workspace: Asked with the token of the run.
        folders: Where what names no folder is laid.
        say: Takes lines for the log.
    """

    def __init__(self, workspace: WorkspaceClient, folders: Folders, say: Say) -> None:
        self._workspace = workspace
        self._folders = folders
        self._say = say

    def lay(self, given: DataInput, is_unwanted: Callable[[], bool]) -> Laid | None:
        """Lay one input; None when the run was ended meanwhile.

        Raises:
            DataInputError: It cannot be had; names the input, what it is, and the reason.
        """
        try:
            return wanted(lambda: self._lay(given, _Watch(is_unwanted)), is_unwanted)
        except UnwantedError:
            return None
        except (SdkError, OSError) as error:
            line = f"The input `{given.name}` ({words_of(given)}) cannot be had: {_reason(error)}"
            self._say(line)
            raise DataInputError(line) from error

    def take_down(self, laid: Laid) -> None:
        """End a file system, and remove links that do not go away with the folders of the run.

        Those that do are removed when the run has ended: thousands take seconds.
        """
        if not laid.mounted:
            return
        from zaffre_sdk.data.fusing import unmount  # noqa: PLC0415 (most runs are given no files)
        from zaffre_sdk.data.laying import unlay  # noqa: PLC0415 (as above)

        folder = self._folder(laid.given)
        own = {self._folders.work, self._folders.data}
        try:
            if own.isdisjoint(folder.parents):
                unlay(folder, laid.mounted)
            else:
                unmount(folder)
        except (SdkError, OSError) as error:
            # Such as a file system whose process was killed; how the run ended stays what it is.
            self._say(f"The input `{laid.given.name}` could not be taken down: {error}")

    def _lay(self, given: DataInput, watch: _Watch) -> Laid:
        if given.mode == "direct":
            dataset_id = str(given.dataset_id)
            self._say(f"The input `{given.name}` is the dataset {dataset_id}.")
            return Laid(given, dataset_id, _use(given, None))
        folder = self._folder(given)
        if given.mode == "upload":
            folder.mkdir(parents=True, exist_ok=True)
            self._say(f"The files of `{folder}` will be sent to {words_of(given)}.")
            return Laid(given, str(folder), _use(given, folder))
        started = time.monotonic()
        definition = self._definition(given)
        files = self._lay_files(given, definition, folder=folder, watch=watch)
        value = _value(definition, files, folder)
        self._say(
            f"The input `{given.name}` ({words_of(given)}, {len(files)} files) lies at `{value}` "
            f"after {time.monotonic() - started:.1f} s."
        )
        mounted = files if given.mode in _MOUNTED else ()
        return Laid(given, str(value), _use(given, value), mounted)

    def _lay_files(
        self, given: DataInput, definition: Definition, *, folder: Path, watch: _Watch
    ) -> Sequence[Path]:
        from zaffre_sdk.data.laying import lay  # noqa: PLC0415 (most runs are given no files)

        mode = "mount" if given.mode in _MOUNTED else "download"
        self._say(f"The input `{given.name}` ({words_of(given)}) is laid at `{folder}` ({mode}).")
        return lay(
            self._workspace,
            definition,
            folder,
            mode=mode,
            overwrite=given.overwrite or _is_kept(given),
            progress=watch,
            say=self._say,
        )

    def _folder(self, given: DataInput) -> Path:
        if given.path_on_compute:
            # An absolute path stays what it is.
            return Path(os.path.normpath(self._folders.work / given.path_on_compute))
        return self._folders.data / "inputs" / given.name

    def _definition(self, given: DataInput) -> Definition:
        if given.dataset_id is None:
            place = DataPlace(path=given.path.strip("/"), datastore=given.datastore)
            return Definition(kind="file", places=[place])
        found = self._workspace.datasets.get(given.dataset_id)
        if found.definition.kind != "file":
            raise DataInputError(
                f"The input `{given.name}` is the tabular dataset {given.dataset_id}, which has "
                f"no mode `{given.mode}`: it is read, not laid. Submit it with `as_named_input` "
                "alone."
            )
        return found.definition


def words_of(given: DataInput) -> str:
    """Return what an input is, for people."""
    if given.dataset_id is not None:
        return f"the dataset {given.dataset_id}"
    return f"`{given.path.strip('/')}` of the datastore `{given.datastore}`"


def _value(definition: Definition, files: Sequence[Path], folder: Path) -> Path:
    """Return the file of a dataset that was made from just that file, else the folder."""
    if len(files) == 1 and len(definition.places) == 1 and not definition.steps:
        place = definition.places[0]
        named = Pattern(place.path)
        is_named = named.is_plain and files[0].name == named.base.rpartition("/")[2]
        if place.datastore is None or is_named:
            return files[0]
    return folder


def _is_kept(given: DataInput) -> bool:
    """Tell whether a dataset goes to a folder where an earlier run may have laid it."""
    named = given.path_on_compute
    return given.dataset_id is not None and named is not None and Path(named).is_absolute()


def _use(given: DataInput, lies: Path | None) -> DataUse:
    return DataUse(
        name=given.name,
        direction="output" if given.mode == "upload" else "input",
        mode=given.mode,
        dataset_id=given.dataset_id,
        datastore=given.datastore,
        path=None if given.dataset_id else given.path.strip("/"),
        path_on_compute=None if lies is None else str(lies),
    )


def _reason(error: Exception) -> str:
    hint = getattr(error, "hint", "")
    words = str(getattr(error, "message", "") or error)
    return f"{words} {hint}".strip()
