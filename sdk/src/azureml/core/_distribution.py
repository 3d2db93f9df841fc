"""Runs of several processes: from the settings of v1 to what the server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._configurations import (
    PYTORCH_BACKENDS,
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
)
from azureml.exceptions import RunConfigurationException
from zaffre_sdk.wire.runs import Distribution

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration

_NONE = ("", "none")
_MPI = ("mpi", "intelmpi", "openmpi")
_PARAMETER_SERVER = "parameterserver"
_PARALLEL = "paralleltask"
_COMMUNICATORS = "`None`, `OpenMpi`, `IntelMpi`, `ParameterServer`, `Nccl`, `Gloo`"


def configure(run_config: RunConfiguration, job: Any) -> None:
    """Take over what `distributed_job_config` says.

    Raises:
        RunConfigurationException: It is no configuration of a distributed run.
    """
    if isinstance(job, MpiConfiguration):
        run_config.mpi, run_config.framework, run_config.communicator = job, "Python", "IntelMpi"
        run_config.node_count = job.node_count
    elif isinstance(job, PyTorchConfiguration):
        run_config.pytorch, run_config.framework = job, "PyTorch"
        run_config.communicator = job.communication_backend
        run_config.node_count = job.node_count
    elif isinstance(job, TensorflowConfiguration):
        run_config.tensorflow, run_config.framework = job, "TensorFlow"
        run_config.communicator = "ParameterServer"
        run_config.node_count = job.worker_count
    else:
        raise RunConfigurationException(
            "`distributed_job_config` must be an MpiConfiguration, a PyTorchConfiguration or a "
            f"TensorflowConfiguration, not {job!r}."
        )


def node_count(run_config: RunConfiguration) -> int:
    """Return how many nodes a run takes.

    Raises:
        RunConfigurationException: It is no number from 1 on.
    """
    return _count(run_config.node_count, "node_count")


def distribution_of(run_config: RunConfiguration) -> Distribution | None:
    """Return how a run is several processes; None is one process.

    Raises:
        RunConfigurationException: The settings do not fit together, or are not known.
    """
    communicator = str(run_config.communicator or "").lower()
    if communicator in _NONE:
        _check_single(run_config)
        return None
    if communicator in _MPI:
        per_node = _count(run_config.mpi.process_count_per_node, "mpi.process_count_per_node")
        return Distribution(kind="mpi", process_count_per_node=per_node)
    if communicator in PYTORCH_BACKENDS:
        return _pytorch(run_config, communicator)
    if communicator == _PARAMETER_SERVER:
        return _tensorflow(run_config.tensorflow)
    if communicator == _PARALLEL:
        raise RunConfigurationException(
            "The communicator `ParallelTask` starts workers that know nothing of each other, "
            "which zaffre has not.\nSubmit a run for each, or use MpiConfiguration."
        )
    raise RunConfigurationException(
        f"`communicator` is {run_config.communicator!r}; known are {_COMMUNICATORS}."
    )


def _pytorch(run_config: RunConfiguration, backend: str) -> Distribution:
    nodes = node_count(run_config)
    processes = run_config.pytorch.process_count
    if processes is None:
        return Distribution(kind="pytorch", process_count=nodes, backend=backend)
    total = _count(processes, "pytorch.process_count")
    if total % nodes:
        raise RunConfigurationException(
            f"`process_count` is {total}, which {nodes} nodes cannot share evenly.\n"
            f"It counts all processes together: such as {nodes * max(1, total // nodes)}."
        )
    return Distribution(kind="pytorch", process_count=total, backend=backend)


def _tensorflow(section: TensorflowConfiguration) -> Distribution:
    servers = section.parameter_server_count
    if servers:
        _count(servers, "tensorflow.parameter_server_count")
    return Distribution(
        kind="tensorflow",
        worker_count=_count(section.worker_count, "tensorflow.worker_count"),
        parameter_server_count=servers or 0,
    )


def _check_single(run_config: RunConfiguration) -> None:
    nodes = node_count(run_config)
    if nodes > 1:
        raise RunConfigurationException(
            f"`node_count` is {nodes}, and nothing says how the nodes work together.\n"
            "Give `distributed_job_config`: MpiConfiguration, PyTorchConfiguration or "
            "TensorflowConfiguration."
        )


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RunConfigurationException(f"`{name}` must be a number from 1 on, not {value!r}.")
    return value
