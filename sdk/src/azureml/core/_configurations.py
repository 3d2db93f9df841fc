"""Parts of a run configuration that are plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from azureml.core._sections import Section
from azureml.exceptions import RunConfigurationException

PYTORCH_BACKENDS = ("nccl", "gloo")
DEFAULT_SHM_SIZE = "2g"


@dataclass(eq=False, repr=False)
class AmlComputeConfiguration(Section):
    """A cluster that is made for a run whose target is `amlcompute`.

    Attributes:
        name: Of the cluster; None is one for each size.
        retain_cluster: Accepted: a cluster without runs takes nothing, and is kept.
    """

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


class DockerConfiguration(Section):
    """Whether and how a run is put into a container of its environment's image.

    Args:
        use_docker: Put it into one.
        shared_volumes: Accepted: folders are always shared.
        arguments: Further words for `docker run`.
        shm_size: The size of its shared memory.
    """

    def __init__(
        self,
        use_docker: bool = False,
        shared_volumes: bool = True,
        arguments: list[str] | None = None,
        shm_size: str | None = DEFAULT_SHM_SIZE,
    ) -> None:
        self.use_docker = use_docker
        self.shared_volumes = shared_volumes
        self.arguments: list[str] = list(arguments or [])
        self.shm_size = shm_size


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


class PyTorchConfiguration(Section):
    """A distributed run of PyTorch.

    Args:
        communication_backend: `Nccl` or `Gloo`.
        process_count: All processes together; None is one for each node.
        node_count: The nodes.

    Raises:
        RunConfigurationException: The backend is another one.
    """

    def __init__(
        self,
        communication_backend: str = "Nccl",
        process_count: int | None = None,
        node_count: int = 1,
    ) -> None:
        if str(communication_backend).lower() not in PYTORCH_BACKENDS:
            raise RunConfigurationException(
                f"`communication_backend` must be `Nccl` or `Gloo`, not {communication_backend!r}."
            )
        self.communication_backend = communication_backend.lower()
        self.process_count = process_count
        self.node_count = node_count


class SparkConfiguration(Section):
    """Settings of Spark."""

    def __init__(self) -> None:
        self.configuration: dict[str, object] = {
            "spark.app.name": "Azure ML Experiment",
            "spark.yarn.maxAppAttempts": 1,
        }


@dataclass(eq=False, repr=False)
class TensorflowConfiguration(Section):
    """A distributed run of TensorFlow."""

    worker_count: int = 1
    parameter_server_count: int = 1
