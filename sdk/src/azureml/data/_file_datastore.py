"""Datastores of files: sending, fetching and naming them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from azureml.core import _late
from azureml.core._errors import translate
from azureml.data.abstract_datastore import AbstractDatastore
from azureml.exceptions import UserErrorException
from zaffre_sdk.errors import NoFilesError, SdkError, SourceError, UnsafePathError

if TYPE_CHECKING:
    from azureml.data.data_reference import DataReference

_LEADING = re.compile(r"^(?:\.*[/\\])*")
_log = logging.getLogger(__name__)


class FileDatastore(AbstractDatastore):
    """A datastore whose files programs send and fetch."""

    def path(
        self, path: str | None = None, data_reference_name: str | None = None
    ) -> DataReference:
        """Return a reference to a path, for runs to be given or to write to.

        Args:
            path: A file or folder; None is the whole datastore.
            data_reference_name: Under which runs know it.
        """
        kind = _late.find("azureml.data.data_reference", "DataReference")
        reference: DataReference = kind(self, data_reference_name, path)
        return reference

    def as_download(self, path_on_compute: str | None = None) -> DataReference:
        """Return a reference to all files, which are fetched before the run starts."""
        return self.path().as_download(path_on_compute)

    def as_mount(self) -> DataReference:
        """Return a reference to all files, which are mounted before the run starts."""
        return self.path().as_mount()

    def as_upload(self, path_on_compute: str | None = None) -> DataReference:
        """Return a reference to where a folder of the run is sent when it has ended."""
        return self.path().as_upload(path_on_compute)

    def upload(
        self,
        src_dir: str,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Send the files of a folder, and return a reference to where they are.

        Args:
            src_dir: The folder.
            target_path: Where to, below the datastore; its top by default.
            overwrite: Replace files that are there; else they stay as they are.
            show_progress: Print each file.

        Raises:
            UserErrorException: It is no folder, or a file cannot be read or sent.
        """
        from zaffre_sdk.data.sending import files_below  # noqa: PLC0415 (slow to load)

        if not Path(src_dir).is_dir():
            raise UserErrorException(
                f"src_path must be a directory.\n`{src_dir}` is none ({Path(src_dir).absolute()})."
            )
        with translated():
            files = files_below(Path(src_dir))
        return self._send(files, target_path, overwrite=overwrite, show_progress=show_progress)

    def upload_files(
        self,
        files: Sequence[str],
        relative_root: str | None = None,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Send files, and return a reference to where they are.

        Args:
            files: Their paths.
            relative_root: The folder from which their paths are kept; the deepest one that holds
                all by default.
            target_path: Where to, below the datastore; its top by default.
            overwrite: Replace files that are there; else they stay as they are.
            show_progress: Print each file.

        Raises:
            UserErrorException: Something is no file, or not below `relative_root`.
        """
        from zaffre_sdk.data.sending import files_from  # noqa: PLC0415 (slow to load)

        if isinstance(files, (str, os.PathLike)):
            raise UserErrorException(f"`files` is a list of paths, not the path `{files}`.")
        root = None if relative_root is None else Path(relative_root)
        with translated():
            named = files_from([Path(file) for file in files], root)
        return self._send(named, target_path, overwrite=overwrite, show_progress=show_progress)

    def download(
        self,
        target_path: str,
        prefix: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Fetch files, and return how many were fetched.

        Args:
            target_path: The local folder; below it files have the paths that they have in the
                datastore.
            prefix: What their paths begin with; all files by default.
            overwrite: Replace files that are there; else they stay as they are.
            show_progress: Print each file.
        """
        from zaffre_sdk.data.access import Fetch, files_of  # noqa: PLC0415 (slow to load)
        from zaffre_sdk.data.laying import make_parents, targets_in  # noqa: PLC0415
        from zaffre_sdk.data.progress import SILENT, PrintedDownload  # noqa: PLC0415

        wanted = below_top(prefix)
        with translated():
            way = files_of(self._nouns().workspace, self.name)
            found = way.list(prefix=wanted)
            if not found:
                _log.warning("No file of the datastore `%s` begins with `%s`.", self.name, wanted)
                return 0
            folder = Path(target_path)
            folder.mkdir(parents=True, exist_ok=True)
            targets = targets_in(folder, [file.path for file in found])
            make_parents(targets)
            fetches = [
                Fetch(file, target)
                for file, target in zip(found, targets)
                if overwrite or not _is_there(target)
            ]
            way.fetch(fetches, progress=PrintedDownload() if show_progress else SILENT)
        return len(fetches)

    def _send(
        self,
        files: dict[str, Path],
        target_path: str | None,
        *,
        overwrite: bool,
        show_progress: bool,
    ) -> DataReference:
        from azureml.data._sending import send  # noqa: PLC0415 (slow to load)

        target = below_top(target_path)
        with translated():
            send(files, self, target, overwrite=overwrite, show_progress=show_progress)
        return self.path(target)


def below_top(path: str | None) -> str:
    """Return a path below the top of a datastore: what leads there or above is left out."""
    return _LEADING.sub("", str(path or "").replace("\\", "/"))


@contextmanager
def translated() -> Iterator[None]:
    """Raise errors about data as v1 names them."""
    try:
        yield
    except (SourceError, NoFilesError, UnsafePathError) as error:
        raise UserErrorException(error.message, inner_exception=error) from error
    except SdkError as error:
        raise translate(error, UserErrorException) from error


def _is_there(target: Path) -> bool:
    if not os.path.lexists(target):
        return False
    _log.warning("`%s` exists and stays as it is; pass overwrite=True to replace it.", target)
    return True
