"""The files of a dataset in a folder, for as long as a program wants them there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.data import _keeping
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.laying import lay, unlay

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self  # newer than the oldest Python that this runs on


class MountContext:
    """Shows the files of a dataset in a folder between `start` and `stop`.

    They are to be read only. What lies on this machine is shown without copying; what does not is
    fetched.

    Attributes:
        mount_point: The folder.
    """

    def __init__(self, dataset: Any, mount_point: str | None = None) -> None:
        self._dataset = dataset
        self._is_ours = mount_point is None
        self._is_started = False
        self._laid: list[Path] = []
        self.mount_point = (
            tempfile.mkdtemp(prefix="mount-")
            if mount_point is None
            else str(Path(mount_point).absolute())
        )

    def start(self) -> None:
        """Show the files.

        Raises:
            UserErrorException: The folder is not empty, or the files are shown already.
        """
        if self._is_started:
            raise UserErrorException(
                f'"{self.mount_point}" is already mounted. Call `stop()` to unmount it.'
            )
        folder = Path(self.mount_point)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserErrorException(
                f"Dataset mount point must be empty: `{folder}` is not.\nName another folder."
            )
        _keeping.warn_of_changes(self._dataset)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with execution("mount"):
                self._laid = lay(
                    self._dataset._client,  # noqa: SLF001 - one house
                    self._dataset._definition,  # noqa: SLF001 - one house
                    folder,
                    mode="mount",
                )
        except BaseException:
            self._clear(None)  # The folder was empty: all in it was laid just now.
            raise
        self._is_started = True

    def stop(self) -> None:
        """Take the files away; does nothing when they are not shown."""
        if not self._is_started:
            return
        self._is_started = False
        self._clear(self._laid)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _clear(self, laid: list[Path] | None) -> None:
        unlay(Path(self.mount_point), laid)
        if self._is_ours:
            shutil.rmtree(self.mount_point, ignore_errors=True)
