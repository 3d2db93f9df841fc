"""The data that a script leaves: its folders before it starts, its files when it has ended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from zaffre_sdk.data.patterns import HIDDEN, Pattern
from zaffre_sdk.errors import SdkError
from zaffre_sdk.runner.inputs import Say
from zaffre_sdk.wire.datasets import (
    DataOutput,
    DataPlace,
    DatasetIn,
    DatasetOut,
    DataUse,
    Definition,
    Delimited,
)

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient
    from zaffre_sdk.runner.order import Folders, Order


class DataOutputError(Exception):
    """What a script left cannot be kept; says which output and why."""


class Outputs:
    """Keeps the outputs of one run.

    Args:
        workspace: Asked with the token of the run.
        order: Which run.
        folders: Where folders are made that are not named.
        say: Takes lines for the log.
    """

    def __init__(
        self, workspace: WorkspaceClient, order: Order, folders: Folders, *, say: Say
    ) -> None:
        self._workspace = workspace
        self._order = order
        self._folders = folders
        self._say = say

    def folder(self, output: DataOutput) -> Path:
        """Return where the script puts what it leaves."""
        if output.source:
            return self._folders.work / output.source
        return self._folders.data / "outputs" / output.name

    def make(self, output: DataOutput) -> Path:
        """Make the folder of an output and return it.

        Raises:
            DataOutputError: It cannot be made.
        """
        folder = self.folder(output)
        try:
            # A source may be one file that the script is to write.
            made = folder.parent if output.source and folder.suffix else folder
            made.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataOutputError(
                f"The folder `{folder}` of the output `{output.name}` cannot be made: {error}"
            ) from error
        return folder

    def keep(self, output: DataOutput, *, completed: bool) -> None:
        """Send the files of an output, define a dataset of them, and say that the run made it.

        Args:
            output: The output.
            completed: The script ended well; else nothing is registered under a name.

        Raises:
            DataOutputError: It cannot be kept; names the output, where it goes, and the reason.
        """
        try:
            if output.mode == "link":
                self._keep_link(output, completed=completed)
            elif output.mode == "mount" or completed:
                self._keep_files(output, completed=completed)
            else:
                self._say(f"The output `{output.name}` is not sent: the script did not complete.")
        except (SdkError, OSError, DataOutputError) as error:
            raise DataOutputError(f"The output `{output.name}` cannot be kept: {error}") from error

    def send_folder(self, folder: Path, datastore: str, path: str, *, overwrite: bool) -> int:
        """Send what is below a folder to a path of a datastore; return how many files.

        Raises:
            DataOutputError: A file is there, and `overwrite` is not set; nothing is sent then.
        """
        files = dict(_files(folder))
        self._send(files, datastore, path, overwrite=overwrite)
        return len(files)

    def _keep_files(self, output: DataOutput, *, completed: bool) -> None:
        datastore = output.datastore or self._workspace.datastores.default().name
        path = self._path(output)
        globs = [Pattern(glob) for glob in output.globs]
        files = {
            name: file
            for name, file in _files(self.folder(output))
            if not globs or any(glob.matches(name) for glob in globs)
        }
        if not files:
            words = f" that fits {output.globs}" if globs else ""
            self._say(f"The output `{output.name}` has no file{words}: nothing is kept of it.")
            return
        # What is mounted is written over, as files are.
        overwrite = output.overwrite or output.mode == "mount"
        self._send(files, datastore, path, overwrite=overwrite)
        self._say(f"{len(files)} files of the output `{output.name}` are in `{datastore}/{path}`.")
        definition = self._typed(_placed(output.definition, datastore, path))
        dataset = self._define(output, definition, completed=completed)
        self._note(output, dataset, datastore=datastore, path=path)

    def _keep_link(self, output: DataOutput, *, completed: bool) -> None:
        linked = [
            use
            for use in self._workspace.datasets.of_run(self._order.run_id)
            if (use.direction, use.name, use.mode) == ("output", output.name, "link")
        ]
        if not linked or linked[-1].dataset_id is None:
            self._say(f"The script linked nothing to the output `{output.name}`.")
            return
        if completed and output.register is not None:
            found = self._workspace.datasets.get(linked[-1].dataset_id)
            dataset = self._define(output, found.definition, completed=True)
            self._note(output, dataset)

    def _send(self, files: dict[str, Path], datastore: str, path: str, *, overwrite: bool) -> None:
        from zaffre_sdk.data.sending import send_files  # noqa: PLC0415 (most runs send none)

        if not overwrite:
            self._check_free(files, datastore, path)
        send_files(self._workspace, datastore, files, target=path, overwrite=overwrite)

    def _check_free(self, files: dict[str, Path], datastore: str, path: str) -> None:
        from zaffre_sdk.data.access import files_of  # noqa: PLC0415 (as above)

        folder = f"{path}/" if path else ""
        there = {file.path for file in files_of(self._workspace, datastore).list(prefix=folder)}
        taken = sorted(there.intersection(folder + name for name in files))
        if taken:
            raise DataOutputError(
                f"`{taken[0]}` is in the datastore `{datastore}` already, with {len(taken) - 1} "
                "others of its files. Send them elsewhere, or with `overwrite=True`."
            )

    def _define(
        self, output: DataOutput, definition: Definition, *, completed: bool
    ) -> DatasetOut:
        register = output.register if completed else None
        asked = DatasetIn(definition=definition, run_id=self._order.run_id)
        if register is not None:
            asked.name = register.name
            asked.description = register.description
            asked.tags = register.tags
            asked.new_version = True
        dataset = self._workspace.datasets.register(asked)
        named = f"`{dataset.name}` version {dataset.version}" if dataset.name else dataset.id
        self._say(f"The output `{output.name}` is the dataset {named}.")
        return dataset

    def _typed(self, definition: Definition) -> Definition:
        """Return the definition with the types of its columns, as they are found in the files."""
        if not isinstance(definition.reader, Delimited):
            return definition
        from zaffre_sdk.data.tabular.inference import infer  # noqa: PLC0415 (few outputs are tables)

        try:
            found = infer(self._workspace, definition).types
        except (SdkError, ImportError) as error:
            self._say(f"The columns are text: their types cannot be found. {error}")
            return definition
        return msgspec.structs.replace(definition, types={**found, **definition.types})

    def _note(
        self,
        output: DataOutput,
        dataset: DatasetOut,
        *,
        datastore: str | None = None,
        path: str | None = None,
    ) -> None:
        use = DataUse(
            name=output.name,
            direction="output",
            mode=output.mode,
            dataset_id=dataset.id,
            datastore=datastore,
            path=path,
            path_on_compute=None if output.mode == "link" else str(self.folder(output)),
        )
        self._workspace.datasets.note(self._order.run_id, use)

    def _path(self, output: DataOutput) -> str:
        filled = output.path.replace("{run-id}", self._order.run_id)
        return filled.replace("{output-name}", output.name).strip("/")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder, or the one that it is; links that lead out stay behind."""
    if folder.is_file():
        yield folder.name, folder
        return
    if not folder.is_dir():
        return
    root = folder.resolve()
    for parent, _, names in os.walk(folder, onerror=_unreadable):
        for name in sorted(names):
            file = Path(parent, name)
            if name.startswith(HIDDEN):
                continue  # Such as half of a file whose fetching was killed.
            if file.is_file() and (not file.is_symlink() or root in file.resolve().parents):
                yield file.relative_to(folder).as_posix(), file


def _unreadable(error: OSError) -> NoReturn:
    """Say what `os.walk` would pass over: nobody would miss it until it is gone."""
    raise error


def _placed(definition: Definition | None, datastore: str, path: str) -> Definition:
    """Return the definition of an output, with its places below where its files went."""
    if definition is None:
        return Definition(kind="file", places=[DataPlace(path=path, datastore=datastore)])
    globs: Sequence[str] = [place.path for place in definition.places] or [""]
    places = [DataPlace(path=f"{path}/{glob}".rstrip("/"), datastore=datastore) for glob in globs]
    return msgspec.structs.replace(definition, places=places)
