"""Writing what runs logged as event files, which TensorBoard and its kin read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from azureml.core import _late
from azureml.exceptions import UserErrorException
from azureml.tensorboard._program import MISSING

__all__ = ["export_to_tensorboard"]


def export_to_tensorboard(
    run_data: Any, logsdir: str, logger: Any = None, recursive: bool = True
) -> None:
    """Write the metrics of runs into event files, one folder a run; twice writes them anew.

    Numbers become curves, lists and the columns of rows and tables too; tables, texts and matrices
    become text, images become images, what was asked of the run becomes its hyperparameters.

    Example:
        >>> export_to_tensorboard(run, "exported")
        >>> Tensorboard([], local_root="exported").start()

    Args:
        run_data: A run, several runs, or an experiment.
        logsdir: The folder; created if needed.
        logger: A `logging.Logger` that is told what is written.
        recursive: Write the runs below them too.

    Raises:
        UserErrorException: TensorBoard is not installed, or `run_data` is something else.
    """
    if find_spec("tensorboard") is None:
        raise UserErrorException(MISSING)
    write = _late.find("azureml.tensorboard._writing", "write_run")
    for run, folder in _placed(_runs(run_data), Path(logsdir), recursive=recursive):
        if logger is not None:
            logger.info("Writing the metrics of the run %s to %s", run.id, folder)
        write(run, folder)


def _placed(runs: Iterable[Any], folder: Path, *, recursive: bool) -> Iterator[tuple[Any, Path]]:
    for run in runs:
        yield run, folder / run.id
        if recursive:
            yield from _placed(run.get_children(), folder / run.id, recursive=True)


def _runs(run_data: Any) -> Iterable[Any]:
    if hasattr(run_data, "get_runs"):
        return list(run_data.get_runs())
    given = list(run_data) if isinstance(run_data, Iterable) else [run_data]
    for run in given:
        if not hasattr(run, "get_children") or not hasattr(run, "_nouns"):
            raise UserErrorException(
                "`run_data` must be a run, several runs or an experiment, "
                f"not {run!r} ({type(run).__name__})."
            )
    return given
