"""From the ways to ask an estimator for a distributed run to the run configuration."""

from __future__ import annotations

from typing import Any, Protocol

from azureml.core._distribution import configure
from azureml.core.runconfig import (
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)
from azureml.exceptions import TrainingException
from azureml.train._distributed_training import (
    DistributedTraining,
    Gloo,
    Mpi,
    Nccl,
    ParameterServer,
)

_JOBS = (MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration)


class Asked(Protocol):
    """What an estimator was asked for."""

    node_count: int | None
    process_count_per_node: int | None
    worker_count: int
    parameter_server_count: int
    distributed_backend: str | None
    distributed_training: Any


def distribute(
    run_config: RunConfiguration, asked: Asked, *, estimator: str, backends: tuple[str, ...]
) -> None:
    """Say in a run configuration how the run is several processes.

    Args:
        run_config: Changed.
        asked: The settings of the estimator.
        estimator: Its name, in small letters.
        backends: The kinds of distributed runs that it has.

    Raises:
        TrainingException: It has no such kind, or none was given for several processes.
    """
    kind = asked.distributed_training
    if kind is None:
        kind = _older_kind(asked, backends)
    if isinstance(kind, DistributedTraining):
        kind.validate(estimator)
        kind._configure(run_config)  # noqa: SLF001 - one house
    elif isinstance(kind, _JOBS):
        nodes = run_config.node_count
        configure(run_config, kind)
        run_config.node_count = max(nodes, run_config.node_count)
    elif kind is not None:
        raise TrainingException(
            "`distributed_training` must be Mpi, ParameterServer, Gloo, Nccl or a configuration "
            f"of azureml.core.runconfig, not {kind!r}."
        )


def _older_kind(asked: Asked, backends: tuple[str, ...]) -> DistributedTraining | None:
    processes = asked.process_count_per_node or 1
    if asked.distributed_backend is None:
        if (asked.node_count or 1) > 1 or processes > 1:
            raise TrainingException(
                "`distributed_training` must be given when `node_count` or "
                "`process_count_per_node` is above 1.\nSuch as `Mpi(process_count_per_node=2)`."
            )
        return None
    backend = str(asked.distributed_backend).lower()
    if backend not in backends:
        raise TrainingException(
            f"`distributed_backend` is {asked.distributed_backend!r}; this estimator has "
            f"{', '.join(f'`{one}`' for one in backends) or 'none'}."
        )
    if backend == "ps":
        return ParameterServer(asked.worker_count, asked.parameter_server_count)
    if backend == "mpi":
        return Mpi(processes)
    return Gloo() if backend == "gloo" else Nccl()
