"""Parts of a run configuration that are plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from azureml.core._sections import Section


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
