"""Parts of a run configuration that say which data a run is given and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from azureml.core._sections import Section
from azureml.exceptions import UserErrorException

S = TypeVar("S", bound=Section)


@dataclass(eq=False, repr=False)
class Uri(Section):
    """An address of data."""

    path: str | None = None
    is_file: bool = False


@dataclass(eq=False, repr=False)
class DataPath(Section):
    """A path in a datastore."""

    datastore_name: str | None = None
    relative_path: str | None = None


class Dataset(Section):
    """A dataset: its id, or its name with a version, without which the latest is taken."""

    def __init__(
        self,
        dataset_id: str | None = None,
        dataset_name: str | None = None,
        dataset_version: str | None = None,
    ) -> None:
        self.id = dataset_id
        self.name = dataset_name
        self.version = dataset_version


@dataclass(eq=False, repr=False)
class DataLocation(Section):
    """Where data lies: one of the three."""

    dataset: Dataset | None = None
    data_path: DataPath | None = None
    uri: Uri | None = None


@dataclass(eq=False, repr=False)
class Data(Section):
    """An input of a run.

    Attributes:
        mechanism: `direct`, `download`, `mount` or `hdfs`.
    """

    data_location: DataLocation | None = None
    create_output_directories: bool = False
    mechanism: str = "direct"
    environment_variable_name: str | None = None
    path_on_compute: str | None = None
    overwrite: bool = False
    options: dict[str, str] | None = None

    @staticmethod
    def create(data: Any) -> Data:
        """Return the input that a `DatasetConsumptionConfig` stands for.

        Raises:
            UserErrorException: It is something else.
        """
        if not hasattr(data, "_section"):
            raise UserErrorException(
                f"`Data.create` takes a DatasetConsumptionConfig, not {data!r} "
                f"({type(data).__name__}).\nSuch as `dataset.as_named_input('training_data')`."
            )
        section: Data = data._section()  # noqa: SLF001 - one house
        return section


@dataclass(eq=False, repr=False)
class DataReferenceConfiguration(Section):
    """A path in a datastore that a run reads, or to which it sends a folder."""

    datastore_name: str | None = None
    mode: str = "mount"
    path_on_datastore: str | None = None
    path_on_compute: str | None = None
    overwrite: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the settings under their names in files."""
        names = {"datastoreName": "dataStoreName", "pathOnDatastore": "pathOnDataStore"}
        return {names.get(key, key): value for key, value in super().to_dict().items()}


@dataclass(eq=False, repr=False)
class DatasetRegistrationOptions(Section):
    """How an output becomes a dataset: what is done with its files, as JSON."""

    additional_transformations: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Return the settings under their names in files."""
        return {"additionalTransformation": self.additional_transformations}


@dataclass(eq=False, repr=False)
class RegistrationOptions(Section):
    """Under which name an output is registered."""

    name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    dataset_registration_options: DatasetRegistrationOptions | None = None


@dataclass(eq=False, repr=False)
class GlobsOptions(Section):
    """Which files."""

    patterns: list[str] | None = None


@dataclass(eq=False, repr=False)
class UploadOptions(Section):
    """How an output is sent."""

    overwrite: bool = False
    source_globs: GlobsOptions | None = None


@dataclass(eq=False, repr=False)
class MountOptions(Section):
    """How an output is mounted."""

    disable_metadata_cache: bool = False


@dataclass(eq=False, repr=False)
class OutputOptions(Section):
    """What happens with an output."""

    path_on_compute: str | None = None
    registration_options: RegistrationOptions | None = None
    upload_options: UploadOptions | None = None
    mount_options: MountOptions | None = None


@dataclass(eq=False, repr=False)
class OutputData(Section):
    """An output of a run.

    Attributes:
        mechanism: `mount`, `upload` or `link`.
    """

    output_location: DataLocation | None = None
    mechanism: str = "mount"
    additional_options: OutputOptions | None = None


@dataclass(eq=False, repr=False)
class DatacacheConfiguration(Section):
    """A cache of data beside a cluster: kept as written, and refused when a run asks for it."""

    dataset_id: str | None = None
    datacache_store: str | None = None
    datacache_id: str | None = None
    mode: str = "mount"
    path_on_compute: str | None = None
    replica: Any = None
    failure_fallback: bool = False

    @staticmethod
    def create(data: Any) -> DatacacheConfiguration:
        """Refuse: there are no caches beside the machine that everything runs on."""
        raise UserErrorException(
            f"`DatacacheConfiguration.create` has no cache for {data!r}.\n"
            "Data lies on the machine of its runs: use `as_mount` or `as_download`."
        )


DatacacheConfiguration.create.__unsupported__ = True  # type: ignore[attr-defined] # read by tools that count

_PARTS: dict[type[Section], dict[str, type[Section]]] = {
    Data: {"data_location": DataLocation},
    DataLocation: {"dataset": Dataset, "data_path": DataPath, "uri": Uri},
    OutputData: {"output_location": DataLocation, "additional_options": OutputOptions},
    OutputOptions: {
        "registration_options": RegistrationOptions,
        "upload_options": UploadOptions,
        "mount_options": MountOptions,
    },
    RegistrationOptions: {"dataset_registration_options": DatasetRegistrationOptions},
    UploadOptions: {"source_globs": GlobsOptions},
}


def section_of(kind: type[S], content: Any) -> S:
    """Return a section of a file, with the sections in it; one that is made stays what it is.

    Names count without capitals and underscores, since files of Azure ML have both
    `datastoreName` and `dataStoreName`.

    Raises:
        UserErrorException: It is neither a section nor a mapping.
    """
    if isinstance(content, kind):
        return content
    if not isinstance(content, dict):
        raise UserErrorException(f"A {kind.__name__} must be a mapping, not {content!r}.")
    section = kind()
    fields = {_flat(outside): name for outside, name in zip(section.to_dict(), vars(section))}
    for key, value in content.items():
        name = fields.get(_flat(str(key)))
        if name is not None:
            part = _PARTS.get(kind, {}).get(name)
            inner = section_of(part, value) if part is not None and value is not None else value
            setattr(section, name, inner)
    return section


def _flat(name: str) -> str:
    return name.replace("_", "").lower()
