"""Parts of a run configuration that are plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azureml.core._sections import Section
from azureml.exceptions import UserErrorException


@dataclass(eq=False, repr=False)
class AmlComputeConfiguration(Section):
    """Size of a cluster that Azure makes for one run: kept as written."""

    name: str | None = field(default=None, init=False)
    vm_size: str | None = field(default=None, init=False)
    vm_priority: str | None = field(default=None, init=False)
    retain_cluster: bool = field(default=False, init=False)
    cluster_max_node_count: int | None = field(default=None, init=False)


@dataclass(eq=False, repr=False)
class ApplicationEndpointConfiguration(Section):
    """An interactive application of a run."""

    type: str | None = None
    port: int | None = None
    properties: dict[str, str] | None = None


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


@dataclass(eq=False, repr=False)
class Dataset(Section):
    """A registered dataset."""

    dataset_id: str | None = None
    dataset_name: str | None = None
    dataset_version: str | None = None


@dataclass(eq=False, repr=False)
class DataLocation(Section):
    """Where data lies."""

    dataset: Dataset | None = None
    data_path: DataPath | None = None
    uri: Uri | None = None


@dataclass(eq=False, repr=False)
class Data(Section):
    """An input of a run."""

    data_location: DataLocation | None = None
    create_output_directories: bool = False
    mechanism: str | None = None
    environment_variable_name: str | None = None
    path_on_compute: str | None = None
    overwrite: bool = False
    options: dict[str, str] | None = None

    @staticmethod
    def create(data: Any) -> Data:
        """Refuse: inputs of runs are not part of zaffre yet."""
        raise UserErrorException(f"`Data.create` does not know what to do with {data!r}.")


Data.create.__unsupported__ = True  # type: ignore[attr-defined] # read by tools that count


@dataclass(eq=False, repr=False)
class DataReferenceConfiguration(Section):
    """A path in a datastore that a run reads."""

    datastore_name: str | None = None
    mode: str = "mount"
    path_on_datastore: str | None = None
    path_on_compute: str | None = None
    overwrite: bool = False


@dataclass(eq=False, repr=False)
class DatasetRegistrationOptions(Section):
    """How an output becomes a dataset."""

    additional_transformations: Any = None


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
    """An output of a run."""

    output_location: DataLocation | None = None
    mechanism: str | None = None
    additional_options: OutputOptions | None = None


@dataclass(eq=False, repr=False)
class DockerConfiguration(Section):
    """Whether a run uses a container: kept as written, since none does here."""

    use_docker: bool = False
    shared_volumes: bool | None = None
    arguments: list[str] | None = None
    shm_size: str | None = None


@dataclass(eq=False, repr=False)
class HdiConfiguration(Section):
    """How a run goes to HDInsight: kept as written."""

    yarn_deploy_mode: str = field(default="cluster", init=False)


@dataclass(eq=False, repr=False)
class HistoryConfiguration(Section):
    """What a run leaves behind."""

    output_collection: bool = field(default=True, init=False)
    snapshot_project: bool = field(default=True, init=False)
    directories_to_watch: list[str] = field(default_factory=lambda: ["logs"], init=False)


@dataclass(eq=False, repr=False)
class KubernetesComputeConfiguration(Section):
    """How a run goes to Kubernetes: kept as written."""

    instance_type: str | None = field(default=None, init=False)


@dataclass(eq=False, repr=False)
class MpiConfiguration(Section):
    """A distributed run over MPI."""

    process_count_per_node: int = 1
    node_count: int = 1


@dataclass(eq=False, repr=False)
class ParallelTaskConfiguration(Section):
    """A run of several independent workers."""

    max_retries_per_worker: int = field(default=0, init=False)
    worker_count_per_node: int = field(default=1, init=False)
    terminal_exit_codes: list[int] | None = field(default=None, init=False)


@dataclass(eq=False, repr=False)
class PyTorchConfiguration(Section):
    """A distributed run of PyTorch."""

    communication_backend: str = "Nccl"
    process_count: int | None = None
    node_count: int = 1


@dataclass(eq=False, repr=False)
class SparkConfiguration(Section):
    """Settings of Spark: kept as written."""

    configuration: dict[str, str] = field(default_factory=dict, init=False)


@dataclass(eq=False, repr=False)
class TensorflowConfiguration(Section):
    """A distributed run of TensorFlow."""

    worker_count: int = 1
    parameter_server_count: int = 0
