"""From the start of a run of several processes to its end, against the launchers themselves.

Ours is timed from the call of `submit` to the return of `wait_for_completion`: queue, source
folder, processes, logs and files are in it. PyTorch takes part where ZAFFRE_TEST_TORCH names an
interpreter that has it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration
from figures import Figure, alternate
from home import fresh_home

ROUNDS = 5
TORCH = os.environ.get("ZAFFRE_TEST_TORCH", "")
MPI = "from mpi4py import MPI\nprint(MPI.COMM_WORLD.allreduce(1))\n"
GLOO = (
    "import torch, torch.distributed as dist\n"
    "dist.init_process_group('gloo')\n"
    "dist.all_reduce(torch.ones(1))\n"
    "dist.destroy_process_group()\n"
)
MPIRUN = [
    str(Path(sys.executable).with_name("mpirun")),
    *("--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"),
]


def main() -> list[str]:
    """Return the lines of the report."""
    with fresh_home(), tempfile.TemporaryDirectory() as folder:
        Path(folder, "mpi.py").write_text(MPI)
        Path(folder, "gloo.py").write_text(GLOO)
        workspace = Workspace.create(
            "bench", subscription_id="local", resource_group="local", exist_ok=True
        )
        experiment = Experiment(workspace, "distributed")
        mpi = ScriptRunConfig(folder, "mpi.py", distributed_job_config=MpiConfiguration(2))
        rows = [
            row(
                "MPI, `mpirun`",
                submitted(experiment, mpi),
                launched([*MPIRUN, sys.executable, "mpi.py"], folder),
            )
        ]
        if TORCH:
            gloo = ScriptRunConfig(
                folder,
                command=[TORCH, "gloo.py"],
                distributed_job_config=PyTorchConfiguration("Gloo", process_count=2),
            )
            torchrun = [TORCH, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
            rows.append(
                row(
                    "PyTorch with Gloo, `torchrun`",
                    submitted(experiment, gloo),
                    launched([*torchrun, "gloo.py"], folder),
                )
            )
    return [
        "Two processes that meet, add a number, and end:",
        "",
        "| | zaffre | the launcher itself | more |",
        "|---|---|---|---|",
        *rows,
    ]


def row(name: str, ours: Callable[[], float], theirs: Callable[[], float]) -> str:
    """Measure both, once before it counts, and return a row of the table."""
    ours()
    theirs()
    figures = alternate(ROUNDS, "s", {"zaffre": ours, "bare": theirs})
    return f"| {name} | {figures['zaffre']} | {figures['bare']} | {more(figures)} |"


def more(figures: dict[str, Figure]) -> str:
    """Return how much longer ours takes."""
    return f"{figures['zaffre'].median - figures['bare'].median:+.2f} s"


def submitted(experiment: Experiment, config: ScriptRunConfig) -> Callable[[], float]:
    """Return what submits the run and waits for its end."""

    def measure() -> float:
        began = time.perf_counter()
        experiment.submit(config).wait_for_completion(show_output=False)
        return time.perf_counter() - began

    return measure


def launched(command: list[str], folder: str) -> Callable[[], float]:
    """Return what runs the launcher itself."""

    def measure() -> float:
        began = time.perf_counter()
        environ = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(
            command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL, timeout=120
        )
        return time.perf_counter() - began

    return measure


if __name__ == "__main__":
    print("\n".join(main()))
