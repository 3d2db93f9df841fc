import pytest
from azureml.core import RunConfiguration, ScriptRunConfig
from azureml.core._distribution import distribution_of
from azureml.core.runconfig import (
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
)
from azureml.exceptions import RunConfigurationException
from zaffre_sdk.wire.runs import Distribution


def spec_of(tmp_path, job):
    (tmp_path / "train.py").write_text("")
    config = ScriptRunConfig(str(tmp_path), "train.py", distributed_job_config=job)
    return config.to_spec("s")


@pytest.mark.parametrize(
    ("job", "nodes", "distribution"),
    [
        (MpiConfiguration(2, 3), 3, Distribution(kind="mpi", process_count_per_node=2)),
        (
            PyTorchConfiguration("Gloo", process_count=4, node_count=2),
            2,
            Distribution(kind="pytorch", process_count=4, backend="gloo"),
        ),
        (
            PyTorchConfiguration(node_count=2),
            2,
            Distribution(kind="pytorch", process_count=2, backend="nccl"),
        ),
        (
            TensorflowConfiguration(worker_count=2, parameter_server_count=1),
            2,
            Distribution(kind="tensorflow", worker_count=2, parameter_server_count=1),
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_each_kind_says_its_processes(tmp_path, job, nodes, distribution):
    spec = spec_of(tmp_path, job)
    assert (spec.node_count, spec.distribution) == (nodes, distribution)


def test_a_file_from_v1_is_read_by_framework_and_communicator():
    run_config = RunConfiguration(framework="Python", communicator="OpenMpi")
    run_config.node_count = 2
    run_config.mpi.process_count_per_node = 4
    assert distribution_of(run_config) == Distribution(kind="mpi", process_count_per_node=4)


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (MpiConfiguration(0), "`mpi.process_count_per_node` must be a number from 1 on, not 0"),
        (MpiConfiguration(node_count=True), "`node_count` must be a number from 1 on"),
        (PyTorchConfiguration("nccl", 3, 2), "`process_count` is 3, which 2 nodes cannot share"),
        (TensorflowConfiguration(0), "`node_count` must be a number from 1 on, not 0"),
        (ParallelTaskConfiguration(), "`distributed_job_config` must be an MpiConfiguration"),
        ("mpi", "not 'mpi'"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, job, words):
    with pytest.raises(RunConfigurationException, match=words):
        spec_of(tmp_path, job)


def test_several_nodes_need_a_word_on_how_they_work_together():
    run_config = RunConfiguration()
    run_config.node_count = 2
    with pytest.raises(RunConfigurationException, match="nothing says how the nodes"):
        distribution_of(run_config)


@pytest.mark.parametrize("communicator", ["ParallelTask", "Horovod"])
def test_other_communicators_are_refused_by_name(communicator):
    with pytest.raises(RunConfigurationException, match=communicator):
        distribution_of(RunConfiguration(communicator=communicator))


def test_other_backends_are_refused_by_name():
    with pytest.raises(RunConfigurationException, match="`Nccl` or `Gloo`, not 'mpi'"):
        PyTorchConfiguration("mpi")
