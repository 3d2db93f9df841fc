"""What all outputs of runs have in common: a name, a place to go to, and a dataset to become."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from azureml.core._data_sections import (
    DataLocation,
    DataPath,
    DatasetRegistrationOptions,
    GlobsOptions,
    OutputData,
    OutputOptions,
    RegistrationOptions,
)
from azureml.core._data_sections import MountOptions as MountSection
from azureml.core._data_sections import UploadOptions as UploadSection
from azureml.core._nouns import nouns_of
from azureml.core._run_base import text_pairs
from azureml.data._places import below_store
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig, check_name
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

    from azureml.core._run_data import RunData
    from zaffre_sdk.wire.datasets import Definition


class MountOptions:
    """How an output is mounted."""

    def __init__(self, disable_metadata_cache: bool = False) -> None:
        self.disable_metadata_cache = disable_metadata_cache


class UploadOptions:
    """How an output is sent.

    Args:
        overwrite: Replace files that are there.
        source_globs: Which files are sent: a pattern or several; all without.
    """

    def __init__(self, overwrite: bool = False, source_globs: Any = None) -> None:
        self.overwrite = overwrite
        self.source_globs = texts_of(source_globs, "source_globs")


class RegistrationConfiguration:
    """Under which name an output becomes a dataset."""

    def __init__(self, name: str, description: str | None, tags: dict[str, str] | None) -> None:
        if not isinstance(name, str) or not name:
            raise UserErrorException(f"`name` is {name!r}; a name for the dataset is expected.")
        self.name = name
        self.description = description
        self.tags = text_pairs(tags, "tags")


class OutputDatasetConfig:
    """An output of a run; programs use its kinds.

    Args:
        mode: `mount`, `upload`, `link` or `hdfs`.
        name: Under which the script finds it in `run.output_datasets`; made up without.
        **kwargs: Accepted.
    """

    _is_tabular = False

    def __init__(self, mode: str, name: str | None = None, **kwargs: Any) -> None:
        self.name = name or f"output_{uuid4().hex[:8]}"
        self._mode = mode
        self._registration: RegistrationConfiguration | None = None
        # Shared by all that come of this one, so that each knows the run that made it.
        self._maker: dict[str, tuple[Any, str]] = {}

    @property
    def name(self) -> str:
        """The name of the output."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        check_name(name, "output")
        self._name = name

    @property
    def arg_val(self) -> str:
        """What stands for it in the arguments of a run."""
        return f"DatasetOutputConfig:{self._name}"

    def register_on_complete(
        self, name: str, description: str | None = None, tags: dict[str, str] | None = None
    ) -> Self:
        """Return the output as one that becomes a version of a dataset when the run completes.

        Args:
            name: The name of the dataset.
            description: What people say about it.
            tags: Labels.
        """
        other = self._copy()
        other._registration = RegistrationConfiguration(name, description, tags)  # noqa: SLF001 - of its own class
        return other

    def as_input(self, name: str | None = None) -> DatasetConsumptionConfig:
        """Return the output of a run as an input of another.

        The run that makes it must have completed when the other is submitted.

        Args:
            name: The name of the input; made up without.
        """
        mode = "direct" if self._is_tabular else "mount"
        return DatasetConsumptionConfig(name or f"input_{uuid4().hex[:8]}", self, mode)

    def __str__(self) -> str:
        return self.arg_val

    def _copy(self) -> Self:
        return copy.copy(self)

    def _to_run(self, data: RunData) -> str:
        """Add the output to a submission, and return what stands for it in the arguments."""
        data.add_output(self._name, self._section(), self)
        return self.arg_val

    def _made_by(self, workspace: Any, run_id: str) -> None:
        """Remember which run makes it."""
        self._maker["run"] = (workspace, run_id)

    def _made_id(self) -> str:
        """Return the id of the dataset that the run made of it."""
        if "run" not in self._maker:
            raise UserErrorException(
                f"No run was submitted yet that makes the output `{self._name}`.\n"
                "Submit it as an argument of a run, wait for that run, and submit this one then."
            )
        workspace, run_id = self._maker["run"]
        nouns = nouns_of(workspace)
        made = [
            use.dataset_id
            for use in nouns.datasets.of_run(run_id)
            if use.direction == "output" and use.name == self._name and use.dataset_id
        ]
        if not made:
            raise UserErrorException(
                f"The run `{run_id}` ({nouns.runs.get(run_id).state}) has not made the output "
                f"`{self._name}` yet.\nWait for it with `run.wait_for_completion()` first."
            )
        return str(made[-1])

    def _section(self) -> OutputData:
        return OutputData(mechanism=self._mode, additional_options=self._options())

    def _options(self) -> OutputOptions:
        named = self._registration
        definition = self._made_definition()
        if named is None and definition is None:
            return OutputOptions()
        words = None if definition is None else msgspec.json.encode(definition).decode()
        registration = RegistrationOptions(
            dataset_registration_options=DatasetRegistrationOptions(words)
        )
        if named is not None:
            registration.name, registration.description = named.name, named.description
            registration.tags = named.tags
        return OutputOptions(registration_options=registration)

    def _made_definition(self) -> Definition | None:
        """Return how the files are read, with paths below the output in place of places."""
        return None


class FilesOutput(OutputDatasetConfig):
    """An output of files in a folder."""

    def __init__(self, mode: str, name: str | None, destination: Any, source: Any = None) -> None:
        super().__init__(mode, name)
        self._destination = _destination(destination)
        self._source = None if source is None else str(source)
        self._upload = UploadOptions()
        self._mount = MountOptions()
        self._read_as: Definition | None = None

    def _section(self) -> OutputData:
        section = super()._section()
        if self._destination is not None:
            section.output_location = DataLocation(data_path=DataPath(*self._destination))
        return section

    def _options(self) -> OutputOptions:
        options = super()._options()
        options.path_on_compute = self._source
        if self._mode == "upload":
            globs = GlobsOptions(self._upload.source_globs) if self._upload.source_globs else None
            options.upload_options = UploadSection(self._upload.overwrite, globs)
        else:
            options.mount_options = MountSection(self._mount.disable_metadata_cache)
        return options

    def _made_definition(self) -> Definition | None:
        return self._read_as

    def _uploaded(self, overwrite: bool, source_globs: Any) -> Self:
        other = self._copy()
        other._mode = "upload"  # noqa: SLF001 - of its own class
        other._upload = UploadOptions(overwrite, source_globs)  # noqa: SLF001 - of its own class
        return other

    def _mounted(self, disable_metadata_cache: bool) -> Self:
        other = self._copy()
        other._mode = "mount"  # noqa: SLF001 - of its own class
        other._mount = MountOptions(disable_metadata_cache)  # noqa: SLF001 - of its own class
        return other


def _destination(given: Any) -> tuple[str, str | None] | None:
    if given is None:
        return None
    store, path = given if isinstance(given, tuple) and len(given) == 2 else (given, None)  # noqa: PLR2004 - a pair
    name = getattr(store, "name", None)
    if not isinstance(name, str) or not hasattr(store, "datastore_type"):
        raise UserErrorException(
            f"`destination` is {given!r}; a tuple of a datastore and a path in it is expected."
        )
    return name, below_store(path) or None


def texts_of(given: Any, argument: str) -> list[str]:
    texts = [] if given is None else [given] if isinstance(given, str) else given
    if not isinstance(texts, (list, tuple)) or not all(
        isinstance(one, str) and one for one in texts
    ):
        raise UserErrorException(
            f"`{argument}` is {given!r}; a text, or a list of them, is expected."
        )
    return list(texts)
