"""Files: fetched, mounted or listed, without looking into them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from azureml.core import _late
from azureml.core._unsupported import unsupported
from azureml.data import _keeping
from azureml.data._chosen import ChosenDataset
from azureml.data._expressions import ColumnExpression
from azureml.data._folders import folder_for
from azureml.data._mounting import MountContext
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.laying import lay
from zaffre_sdk.data.metadata import METADATA, metadata_column
from zaffre_sdk.errors import NoFilesError
from zaffre_sdk.wire.datasets import Column

__all__ = ["FileDataset"]


class FileDataset(ChosenDataset):
    """Files of datastores, of the web, or of this machine.

    Example:
        >>> pictures = Dataset.File.from_files(path=(store, "pictures/**/*.png"))
        >>> some = pictures.take_sample(0.1, seed=1).download("some")
        >>> with pictures.mount() as mounted:
        ...     print(os.listdir(mounted.mount_point))
    """

    _KIND = "file"

    def to_path(self) -> list[str]:
        """Return the paths of the files as `download` and `mount` lay them out.

        They begin with a slash, below the folder that the path of the dataset names; with several
        paths, below the names of their datastores.
        """
        _keeping.warn_of_changes(self)
        return [f"/{one.relative}" for one in self._files()]

    def download(
        self,
        target_path: str | None = None,
        overwrite: bool = False,
        ignore_not_found: bool = False,
    ) -> list[str]:
        """Fetch the files and return where they lie.

        Args:
            target_path: The folder; a new one without.
            overwrite: Replace files that are there.
            ignore_not_found: Return nothing when there are none, in place of an error.

        Raises:
            UserErrorException: A file is there, and `overwrite` is not set; nothing is fetched
                then.
        """
        try:
            _keeping.warn_of_changes(self)
            with folder_for(target_path or None) as folder, execution("download"):
                laid = lay(self._client, self._definition, folder, overwrite=overwrite)
        except FileExistsError as error:
            raise UserErrorException(str(error), inner_exception=error) from error
        except UserErrorException as error:
            if ignore_not_found and isinstance(error.inner_exception, NoFilesError):
                return []
            raise
        return [str(path) for path in laid]

    def mount(self, mount_point: str | None = None, **kwargs: Any) -> MountContext:
        """Return a context in which the files lie in a folder, to be read only.

        Args:
            mount_point: The folder, which must be empty; a new one without.
            **kwargs: Accepted: `skip_validate`, `allow_other` and their like.
        """
        return MountContext(self, mount_point)

    def file_metadata(self, col: str) -> ColumnExpression:
        """Return what is known of the files, for `filter`.

        Args:
            col: `Size`, `LastModifiedTime`, `CreationTime`, `Extension` (with its dot) or
                `CanSeek`.
        """
        if col not in METADATA:
            raise UserErrorException(f"`col` is {col!r}; there is: {', '.join(METADATA)}.")
        return ColumnExpression(Column(metadata_column(col)))

    def as_download(self, path_on_compute: str | None = None) -> Any:
        """Return the dataset as an input of runs whose files are fetched before."""
        return self._as_input("download", path_on_compute)

    def as_mount(self, path_on_compute: str | None = None) -> Any:
        """Return the dataset as an input of runs whose files are mounted."""
        return self._as_input("mount", path_on_compute)

    def as_hdfs(self) -> Any:
        """Return the dataset as an input of runs that read by addresses of HDFS."""
        return self._as_input("hdfs", None)

    def _as_input(self, mode: str, path_on_compute: str | None) -> Any:
        config = _late.find("azureml.data.dataset_consumption_config", "DatasetConsumptionConfig")
        name = f"input__{(self.id or uuid4().hex)[:8]}"
        return config(name, self, mode, path_on_compute)

    as_cache = unsupported("FileDataset.as_cache")
    hydrate = unsupported("FileDataset.hydrate")
