"""The processes of a distributed run: how many there are, on which nodes, and what each is told.

All nodes are slots of one machine, so that everybody is reached over loopback. The variables are
those that Azure ML sets, and those that the frameworks themselves look for.
"""

from __future__ import annotations

import json
import random
import socket
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zaffre_sdk.wire.runs import Distribution, RunSpec

NODE_VARIABLE = "AZUREML_CR_NODE_RANK"
_LOOPBACK = "127.0.0.1"
# Below the ports that kernels give to outgoing connections, which come and go at any time.
_PORTS = range(20000, 32000)


class DistributionError(Exception):
    """The processes of a run cannot be started as it asks; says why, and what to do."""


class Node(NamedTuple):
    """A node of the run.

    Attributes:
        number: Its position among the nodes of the run.
    """

    number: int
    name: str
    address: str


class Member(NamedTuple):
    """One process of a run.

    Attributes:
        rank: Its position among all processes of the run.
        local_rank: Its position among those of its node.
        variables: What it alone is told.
        is_server: It serves the others until they have ended, and ends with them.
    """

    rank: int
    node: Node
    local_rank: int
    variables: dict[str, str]
    is_server: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        on = f" on node `{self.node.name}`" if self.node.name else ""
        return f"process {self.rank}{on}"


def nodes_of(names: Sequence[str], count: int) -> list[Node]:
    """Return the nodes of a run; a target without names of nodes has as many as it asked for."""
    named = list(names) or [""] * max(count, 1)
    return [Node(index, name, _address(index)) for index, name in enumerate(named)]


def members_of(spec: RunSpec, nodes: Sequence[Node]) -> list[Member]:
    """Return the processes of a run in the order of their ranks.

    Raises:
        DistributionError: They are less than one, or their kind is unknown.
    """
    asked = spec.distribution
    if asked is None:
        return [Member(0, nodes[0], 0, _node_variables(nodes, nodes[0]))]
    if asked.kind == "tensorflow":
        return _tensorflow(asked, nodes)
    if asked.kind not in {"mpi", "pytorch"}:
        raise DistributionError(
            f"There is no distribution `{asked.kind}`. Use `mpi`, `pytorch` or `tensorflow`."
        )
    seats = _seats(_process_count(asked, len(nodes)), nodes)
    sizes = {node.number: 0 for node in nodes}
    for node, _ in seats:
        sizes[node.number] += 1
    port = free_ports(1)[0]
    told = _mpi if asked.kind == "mpi" else _pytorch
    members = []
    for rank, (node, local_rank) in enumerate(seats):
        place = _Place(rank, len(seats), local_rank, sizes[node.number])
        variables = {
            **_node_variables(nodes, node, port=port, task=rank),
            **told(place, nodes, node, port),
        }
        members.append(Member(rank, node, local_rank, variables))
    return members


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at, all different.

    Raises:
        DistributionError: There are none.
    """
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            break
        if _is_free(port):
            found.append(port)
    if len(found) < count:
        raise DistributionError(
            f"There are no {count} free ports between {_PORTS.start} and {_PORTS.stop} by which "
            "the processes could find each other."
        )
    return found


class _Place(NamedTuple):
    """Where a process stands among the others."""

    rank: int
    size: int
    local_rank: int
    local_size: int


def _address(index: int) -> str:
    # Everywhere else only the first one is an address of this machine.
    return f"127.0.0.{index % 250 + 1}" if sys.platform == "linux" else _LOOPBACK


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":
            # As listeners do: connections of an earlier one that fade away are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _process_count(asked: Distribution, nodes: int) -> int:
    count = asked.process_count
    if count is None:
        per_node = asked.process_count_per_node
        count = nodes * (1 if per_node is None else per_node)
    if count < 1:
        raise DistributionError(
            f"A distributed run has at least one process, not {count}. Set `process_count` or "
            "`process_count_per_node` to 1 or more."
        )
    return count


def _seats(count: int, nodes: Sequence[Node]) -> list[tuple[Node, int]]:
    """Return node and local rank for each rank: neighbours sit together, the first nodes full."""
    even, more = divmod(count, len(nodes))
    return [(node, seat) for node in nodes for seat in range(even + (node.number < more))]


def _node_variables(
    nodes: Sequence[Node], node: Node, *, port: int | None = None, task: int = 0
) -> dict[str, str]:
    """Return what a process is told of the nodes, as Azure ML and Batch AI name it."""
    basic = {"AZUREML_NODE_COUNT": str(len(nodes)), NODE_VARIABLE: str(node.number)}
    if port is None and len(nodes) == 1:
        return basic
    addresses = [each.address for each in nodes]
    master = nodes[0].address
    told = {
        **basic,
        "AZ_BATCHAI_NODE_LIST": ";".join(addresses),
        "AZ_BATCH_NODE_LIST": ";".join(addresses),
        "AZ_BATCH_HOST_LIST": ",".join(addresses),
        "AZ_BATCHAI_WORKER_LIST": ",".join(addresses),
        "AZ_BATCHAI_MPI_MASTER_NODE": master,
        "AZ_BATCHAI_JOB_MASTER_NODE_IP": master,
        "AZ_BATCHAI_TASK_INDEX": str(task),
    }
    return told if port is None else {**told, "AZ_BATCH_MASTER_NODE": f"{master}:{port}"}


def _pytorch(place: _Place, nodes: Sequence[Node], node: Node, port: int) -> dict[str, str]:
    return {
        "MASTER_ADDR": nodes[0].address,
        "MASTER_PORT": str(port),
        "RANK": str(place.rank),
        "LOCAL_RANK": str(place.local_rank),
        "WORLD_SIZE": str(place.size),
        "LOCAL_WORLD_SIZE": str(place.local_size),
        "NODE_RANK": str(node.number),
        "GROUP_RANK": str(node.number),
        "AZ_BATCHAI_PYTORCH_INIT_METHOD": f"tcp://{nodes[0].address}:{port}",
    }


def _mpi(place: _Place, nodes: Sequence[Node], node: Node, port: int) -> dict[str, str]:
    """Return what MPI programs look up before they start MPI, and PyTorch in them."""
    return {
        "MASTER_ADDR": nodes[0].address,
        "MASTER_PORT": str(port),
        "NODE_RANK": str(node.number),
        "OMPI_COMM_WORLD_RANK": str(place.rank),
        "OMPI_COMM_WORLD_SIZE": str(place.size),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(place.local_rank),
        "OMPI_COMM_WORLD_LOCAL_SIZE": str(place.local_size),
    }


def _tensorflow(asked: Distribution, nodes: Sequence[Node]) -> list[Member]:
    """Return workers, then parameter servers; both go around the nodes."""
    workers, servers = asked.worker_count, asked.parameter_server_count
    if workers < 1 or servers < 0:
        raise DistributionError(
            f"TensorFlow needs at least one worker, and has {workers} workers and {servers} "
            "parameter servers. Set `worker_count` to 1 or more."
        )
    count = workers + servers
    ports = free_ports(count)
    seated = [nodes[index % len(nodes)] for index in (*range(workers), *range(servers))]
    hosts = [f"{node.address}:{port}" for node, port in zip(seated, ports)]
    cluster = {"worker": hosts[:workers]}
    if servers:
        cluster["ps"] = hosts[workers:]
    members: list[Member] = []
    for rank, node in enumerate(seated):
        is_server = rank >= workers
        role, index = ("ps", rank - workers) if is_server else ("worker", rank)
        task = {"type": role, "index": index}
        variables = {
            **_node_variables(nodes, node, port=ports[0], task=index),
            "NODE_RANK": str(node.number),
            "TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"}),
            "AZ_BATCHAI_WORKER_HOSTS": ",".join(cluster["worker"]),
            "AZ_BATCHAI_PS_HOSTS": ",".join(cluster.get("ps", [])),
        }
        local_rank = _seated_before(members, node)
        members.append(Member(rank, node, local_rank, variables, is_server))
    return members


def _seated_before(members: Iterable[Member], node: Node) -> int:
    return sum(member.node == node for member in members)
