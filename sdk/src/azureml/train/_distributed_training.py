"""How the processes of an estimator's run find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml.core.runconfig import (
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
)
from azureml.exceptions import TrainingException

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration


class DistributedTraining:
    """A kind of distributed run; programs use its subclasses."""

    _ESTIMATORS: tuple[str, ...] = ()

    def validate(self, estimator_name: str) -> None:
        """Refuse an estimator that has no such runs.

        Raises:
            TrainingException: Names those that have.
        """
        if str(estimator_name).lower() not in self._ESTIMATORS:
            raise TrainingException(
                f"`{estimator_name}` has no distributed runs of {type(self).__name__}; "
                f"these have: {', '.join(self._ESTIMATORS)}."
            )

    def _configure(self, run_config: RunConfiguration) -> None:
        raise NotImplementedError

    def __str__(self) -> str:
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({pairs})"


class Mpi(DistributedTraining):
    """Processes that MPI starts.

    Args:
        process_count_per_node: Processes on each node.
    """

    _ESTIMATORS = ("pytorch", "tensorflow", "chainer", "estimator", "lightgbm")

    def __init__(self, process_count_per_node: int = 1) -> None:
        self.process_count_per_node = process_count_per_node

    def _configure(self, run_config: RunConfiguration) -> None:
        run_config.framework, run_config.communicator = "Python", "IntelMpi"
        run_config.mpi = MpiConfiguration(self.process_count_per_node, run_config.node_count)


class ParameterServer(DistributedTraining):
    """Workers and parameter servers of TensorFlow.

    Args:
        worker_count: Workers altogether.
        parameter_server_count: Parameter servers altogether.
    """

    _ESTIMATORS = ("tensorflow", "estimator")

    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1) -> None:
        self.worker_count = worker_count
        self.parameter_server_count = parameter_server_count

    def _configure(self, run_config: RunConfiguration) -> None:
        run_config.framework, run_config.communicator = "TensorFlow", "ParameterServer"
        run_config.tensorflow = TensorflowConfiguration(
            self.worker_count, self.parameter_server_count
        )

    def __str__(self) -> str:
        return "ps"


class _Collective(DistributedTraining):
    """One process of PyTorch on each node."""

    _ESTIMATORS = ("pytorch", "estimator")

    def _configure(self, run_config: RunConfiguration) -> None:
        backend = type(self).__name__
        run_config.framework, run_config.communicator = "PyTorch", backend
        run_config.pytorch = PyTorchConfiguration(backend, node_count=run_config.node_count)


class Gloo(_Collective):
    """Processes of PyTorch that find each other through Gloo."""


class Nccl(_Collective):
    """Processes of PyTorch that find each other through NCCL."""
