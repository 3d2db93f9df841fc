"""PyTorch itself in a run of several processes, where an interpreter that has it is named."""

import os

import pytest
from attempt_server import AttemptServer
from zaffre_sdk.wire.runs import Distribution

PYTHON = os.environ.get("ZAFFRE_TEST_TORCH", "")
pytestmark = [
    pytest.mark.timeout(200),
    pytest.mark.skipif(
        not PYTHON, reason="ZAFFRE_TEST_TORCH does not name an interpreter that has PyTorch"
    ),
]
_TRAIN = """
import sys
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
torch.manual_seed(dist.get_rank())
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    optimizer.zero_grad()
    (model(torch.randn(8, 4)) - 1).pow(2).mean().backward()
    optimizer.step()
print([round(weight, 6) for weight in model.module.weight.flatten().tolist()])
if sys.argv[1:] == [str(dist.get_rank())]:
    raise RuntimeError("lost")
dist.barrier()
"""


def weights(attempts: AttemptServer) -> list[str]:
    logs = [attempts.log(f"user_logs/std_log_process_{rank}.txt") for rank in range(2)]
    return [log.splitlines()[0] for log in logs]


def test_a_model_is_trained_by_two_processes_as_one(attempts: AttemptServer):
    distribution = Distribution(kind="pytorch", process_count=2, backend="gloo")
    end = attempts.run(_TRAIN, seconds=150, python=PYTHON, distribution=distribution, node_count=2)
    assert (end.outcome, end.error) == ("Completed", None)
    assert len(set(weights(attempts))) == 1


def test_the_rank_that_raised_is_named_and_not_the_one_that_lost_it(attempts: AttemptServer):
    distribution = Distribution(kind="pytorch", process_count=2, backend="gloo")
    end = attempts.run(
        _TRAIN, seconds=150, python=PYTHON, distribution=distribution, arguments=["1"]
    )
    assert "(process 1) failed with exit code 1: RuntimeError: lost." in end.error.message


def test_a_launcher_of_pytorch_starts_the_processes_of_its_node(
    attempts: AttemptServer, tmp_path_factory: pytest.TempPathFactory
):
    script = tmp_path_factory.mktemp("torch") / "train.py"
    script.write_text(_TRAIN)
    command = (
        f"{PYTHON} -m torch.distributed.run --nnodes 2 --nproc_per_node 1 --node_rank $NODE_RANK "
        f"--master_addr $MASTER_ADDR --master_port $MASTER_PORT {script}"
    )
    end = attempts.run(
        "",
        seconds=150,
        script=None,
        command=command.split(),
        distribution=Distribution(kind="pytorch"),
        node_count=2,
    )
    assert (end.outcome, end.error) == ("Completed", None)
    assert len(set(weights(attempts))) == 1
