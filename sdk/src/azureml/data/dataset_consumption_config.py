"""How a run is given a dataset: read by the script, or its files laid in a folder."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from azureml.core._data_sections import Data, DataLocation, Dataset
from azureml.exceptions import UserErrorException
from zaffre_sdk.notices import notice

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

    from azureml.core._run_data import RunData

__all__ = ["DatasetConsumptionConfig"]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_MODES = ("direct", "download", "mount", "hdfs")
_OF_THE_SYSTEM = frozenset({"path", "ld_library_path", "user", "logname", "home", "pwd", "shell"})


class DatasetConsumptionConfig:
    """A dataset as an input of a run.

    In the arguments of a run it stands for the id of the dataset when the mode is `direct`, else
    for the folder where its files lie, or for the file when the dataset is just that file.

    Example:
        >>> config = ScriptRunConfig(
        ...     "train", "train.py", arguments=["--data", images.as_named_input("i").as_mount()]
        ... )

    Args:
        name: Under which the script finds it in `run.input_datasets`; letters, digits and `_`.
        dataset: A dataset; or a tuple of a workspace, a name, and perhaps a version, which is
            looked up when the run is submitted.
        mode: `direct`, `download`, `mount` or `hdfs`.
        path_on_compute: Where to lay it; relative to the working folder of the run, or absolute.

    Attributes:
        dataset: What was given.
        mode: How the run is given it.
        path_on_compute: Where it is laid, if that was said.
    """

    def __init__(
        self,
        name: str,
        dataset: Any,
        mode: str = "direct",
        path_on_compute: str | None = None,
    ) -> None:
        self.name = name
        self.dataset = _checked(dataset)
        self.mode = _checked_mode(mode, dataset)
        self.path_on_compute = _checked_path(path_on_compute)

    @property
    def name(self) -> str:
        """The name of the input."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        check_name(name, "input")
        if name.lower() in _OF_THE_SYSTEM:
            notice(f"the input `{name}` has the name of an environment variable of the system")
        self._name = name

    @property
    def arg_val(self) -> str:
        """What stands for it in the arguments of a run."""
        return f"DatasetConsumptionConfig:{self._name}"

    def as_download(self, path_on_compute: str | None = None) -> Self:
        """Return the input with its files copied to the machine of the run.

        Args:
            path_on_compute: Where to; relative to the working folder of the run, or absolute.
        """
        return self._with("download", path_on_compute)

    def as_mount(self, path_on_compute: str | None = None) -> Self:
        """Return the input as a view of its files, which nothing can be written to.

        Args:
            path_on_compute: Where; relative to the working folder of the run, or absolute.
        """
        return self._with("mount", path_on_compute)

    def as_hdfs(self) -> Self:
        """Return the input as a view of its files: there is no cluster with an HDFS here."""
        return self._with("hdfs", None)

    def __str__(self) -> str:
        return self.arg_val

    def _with(self, mode: str, path_on_compute: str | None) -> Self:
        other = copy.copy(self)
        other.mode = _checked_mode(mode, self.dataset)
        other.path_on_compute = _checked_path(path_on_compute)
        return other

    def _to_run(self, data: RunData) -> str:
        """Add the input to a submission, and return what stands for it in the arguments."""
        section = self._section(data.kept(self.dataset))
        data.add_data(self._name, section)
        return self.arg_val

    def _section(self, dataset_id: str | None = None) -> Data:
        """Return the input as run configurations have it.

        Args:
            dataset_id: The dataset, if it was looked up before.
        """
        if dataset_id is not None or isinstance(self.dataset, tuple):
            place = Dataset(dataset_id, *_named(self.dataset))
        else:
            place = Dataset(_id_of(self.dataset), *_named(self.dataset))
        return Data(
            data_location=DataLocation(dataset=place),
            mechanism=self.mode,
            environment_variable_name=self._name,
            path_on_compute=self.path_on_compute,
        )


def check_name(name: Any, noun: str) -> None:
    """Refuse what no input or output is called.

    Raises:
        UserErrorException: The name is no identifier.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserErrorException(
            f'Invalid {noun} name "{name}". The name can only be alphanumeric characters and '
            "underscore, and must not begin with a number."
        )


def _id_of(dataset: Any) -> str:
    saved = dataset._made_id if hasattr(dataset, "_made_id") else dataset._ensure_saved  # noqa: SLF001 - one house
    return str(saved())


def _named(dataset: Any) -> tuple[str | None, str | None]:
    """Return name and version, as far as they are known."""
    if isinstance(dataset, tuple):
        version = (*dataset, None)[2]
        return dataset[1], None if version is None else str(version)
    version = getattr(dataset, "version", None)
    if version is None:
        return None, None
    return dataset.name, str(version)


def _checked(dataset: Any) -> Any:
    if hasattr(dataset, "_ensure_saved") or hasattr(dataset, "_made_id"):
        return dataset
    if isinstance(dataset, tuple) and len(dataset) in (2, 3) and isinstance(dataset[1], str):
        return dataset
    raise UserErrorException(
        f"`dataset` is {dataset!r} ({type(dataset).__name__}); a dataset, or a tuple of a "
        "workspace, a name, and perhaps a version, is expected."
    )


def _checked_mode(mode: Any, dataset: Any) -> str:
    word = str(mode).lower()
    if word not in _MODES:
        raise UserErrorException(f"`mode` is {mode!r}; one of {', '.join(_MODES)} is expected.")
    if word != "direct" and _is_table(dataset):
        raise UserErrorException(
            f"{type(dataset)} does not support {word}. Only FileDataset supports {word}.\n"
            "The script reads a tabular dataset itself: leave it at `as_named_input`."
        )
    return word


def _is_table(dataset: Any) -> bool:
    return getattr(dataset, "_KIND", "") == "tabular" or getattr(dataset, "_is_tabular", False)


def _checked_path(path: Any) -> str | None:
    if path is None:
        return None
    if not isinstance(path, str) or not path or "\0" in path:
        raise UserErrorException(f"`path_on_compute` is {path!r}; a path is expected.")
    return path
