"""TensorBoard over runs: their event files are fetched, and the genuine program shows them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from azureml.exceptions import UserErrorException
from azureml.tensorboard._events import RunEvents
from azureml.tensorboard._following import Follower
from azureml.tensorboard._program import TensorboardProgram

__all__ = ["Tensorboard"]


class Tensorboard:
    """Shows the TensorBoard logs of runs, while they go on too.

    A run logs for TensorBoard by writing event files below `logs/`.

    Example:
        >>> board = Tensorboard([run])
        >>> print(board.start())
        >>> board.stop()

    Args:
        runs: A run, or several; none to show what `local_root` holds already.
        local_root: Where the files are kept; without it, a temporary folder until `stop`.
        port: Where TensorBoard listens; 0 takes any free port.
        use_display_name: Call runs by what people call them, not by their ids.
    """

    LOGS_ARTIFACT_PREFIX = "logs/"

    def __init__(
        self,
        runs: Any,
        local_root: str | None = None,
        port: int = 6006,
        use_display_name: bool = False,
    ) -> None:
        self._runs = _checked(runs)
        self._local_root = local_root
        self._port = port
        self._use_display_name = use_display_name
        self._root: Path | None = None
        self._follower: Follower | None = None
        self._program: TensorboardProgram | None = None

    def start(self, start_browser: bool = False) -> str:
        """Fetch the logs, start TensorBoard, and return its address.

        Args:
            start_browser: Open a browser there.

        Raises:
            UserErrorException: TensorBoard is not installed, or did not start.
        """
        if self._program is not None and self._program.is_alive():
            return self._program.url
        self.stop()
        root = self._root = Path(self._local_root or tempfile.mkdtemp(prefix="tensorboard-"))
        root.mkdir(parents=True, exist_ok=True)
        try:
            self._program = TensorboardProgram(root, self._port)
            self._follower = Follower(
                [
                    RunEvents(run, root / self._folder(run), self.LOGS_ARTIFACT_PREFIX)
                    for run in self._runs
                ]
            )
            self._follower.start()
            return self._program.wait_until_ready(start_browser=start_browser)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End TensorBoard and stop fetching; a folder of one's own is kept."""
        if self._follower is not None:
            self._follower.stop()
        if self._program is not None:
            self._program.stop()
        if self._root is not None and self._local_root is None:
            shutil.rmtree(self._root, ignore_errors=True)
        self._follower = self._program = self._root = None

    def _folder(self, run: Any) -> str:
        name = run.display_name if self._use_display_name else run.id
        kept = "".join(one if one.isalnum() or one in " -_." else "_" for one in name)
        kept = kept.strip(". ") or run.id
        twins = [one for one in self._runs if self._use_display_name and one.display_name == name]
        return kept if len(twins) <= 1 else f"{kept}-{run.id}"


def _checked(runs: Any) -> list[Any]:
    given = list(runs) if isinstance(runs, Iterable) else [runs]
    for run in given:
        if not hasattr(run, "get_status") or not hasattr(run, "_nouns"):
            raise UserErrorException(
                f"`runs` must be runs of a workspace, not {run!r} ({type(run).__name__})."
            )
    return given
