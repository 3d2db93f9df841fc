"""How many processes a distributed run has, where they sit, and what each is told."""

import json
import socket

import pytest
from zaffre_sdk.runner.members import DistributionError, free_ports, members_of, nodes_of
from zaffre_sdk.wire.runs import Distribution, RunSpec


def members(nodes: int, **distribution: object):
    spec = RunSpec(kind="script", distribution=Distribution(**distribution))
    return members_of(spec, nodes_of([f"c-{number + 1}" for number in range(nodes)], nodes))


def told(found, name: str) -> list[str]:
    return [member.variables[name] for member in found]


def test_one_process_is_told_its_node_alone():
    (only,) = members_of(RunSpec(kind="script"), nodes_of(["c-4"], 1))
    assert only.variables == {"AZUREML_NODE_COUNT": "1", "AZUREML_CR_NODE_RANK": "0"}


def test_processes_of_pytorch_sit_on_their_nodes_in_order():
    found = members(2, kind="pytorch", process_count=4)
    assert told(found, "RANK") == ["0", "1", "2", "3"]
    assert told(found, "LOCAL_RANK") == ["0", "1", "0", "1"]
    assert told(found, "NODE_RANK") == told(found, "AZUREML_CR_NODE_RANK") == ["0", "0", "1", "1"]
    assert set(told(found, "WORLD_SIZE")) == {"4"}
    assert set(told(found, "LOCAL_WORLD_SIZE")) == {"2"}
    assert len(set(told(found, "MASTER_PORT"))) == len(set(told(found, "MASTER_ADDR"))) == 1
    assert [member.name for member in found][2] == "process 2 on node `c-2`"


def test_processes_that_do_not_fill_the_nodes_fill_the_first_ones():
    found = members(2, kind="pytorch", process_count=3)
    assert told(found, "NODE_RANK") == ["0", "0", "1"]
    assert told(found, "LOCAL_WORLD_SIZE") == ["2", "2", "1"]


def test_without_a_number_there_is_one_process_for_each_node():
    assert told(members(3, kind="pytorch"), "NODE_RANK") == ["0", "1", "2"]


def test_ranks_of_mpi_are_told_as_open_mpi_does_and_where_the_master_is():
    found = members(2, kind="mpi", process_count_per_node=2)
    assert told(found, "OMPI_COMM_WORLD_RANK") == ["0", "1", "2", "3"]
    assert told(found, "OMPI_COMM_WORLD_LOCAL_RANK") == ["0", "1", "0", "1"]
    assert set(told(found, "OMPI_COMM_WORLD_LOCAL_SIZE")) == {"2"}
    host, _, port = found[3].variables["AZ_BATCH_MASTER_NODE"].partition(":")
    assert (host, port) == (found[3].variables["MASTER_ADDR"], found[3].variables["MASTER_PORT"])
    assert len(found[0].variables["AZ_BATCHAI_NODE_LIST"].split(";")) == 2


def test_workers_and_parameter_servers_of_tensorflow_know_all_others():
    found = members(2, kind="tensorflow", worker_count=3, parameter_server_count=1)
    said = [json.loads(each) for each in told(found, "TF_CONFIG")]
    assert all(each["cluster"] == said[0]["cluster"] for each in said)
    assert [len(said[0]["cluster"][role]) for role in ("worker", "ps")] == [3, 1]
    assert len({*said[0]["cluster"]["worker"], *said[0]["cluster"]["ps"]}) == 4
    assert [each["task"] for each in said] == [
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
        {"type": "worker", "index": 2},
        {"type": "ps", "index": 0},
    ]
    assert [member.is_server for member in found] == [False, False, False, True]
    assert told(found, "NODE_RANK") == ["0", "1", "0", "0"]


def test_tensorflow_without_parameter_servers_has_no_such_cluster():
    (only,) = members(1, kind="tensorflow")
    assert list(json.loads(only.variables["TF_CONFIG"])["cluster"]) == ["worker"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kind": "pytorch", "process_count": 0}, "at least one process, not 0"),
        ({"kind": "mpi", "process_count_per_node": -1}, "at least one process, not -1"),
        ({"kind": "tensorflow", "worker_count": 0}, "`worker_count`"),
        ({"kind": "horovod"}, "`mpi`, `pytorch` or `tensorflow`"),
    ],
)
def test_a_distribution_that_cannot_be_says_what_to_set(asked, words):
    with pytest.raises(DistributionError) as caught:
        members(1, **asked)
    assert words in str(caught.value)


def test_ports_differ_and_nobody_listens_at_them():
    ports = free_ports(300)
    assert len(set(ports)) == 300
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", ports[0]))
