"""`import azureml.core`: ours against the genuine package, as whole processes.

Time is from the start of the interpreter to its end, less what the bare interpreter of the same
environment takes; memory is the largest resident set, less the bare interpreter's likewise.
"""

import os
import sys
import time
from pathlib import Path

from figures import Figure, alternate, ratio
from peers import environment

ROUNDS = 9


def run(python: Path | str, code: str) -> tuple[float, float]:
    """Return seconds and megabytes of one process."""
    began = time.perf_counter()
    pid = os.spawnv(os.P_NOWAIT, str(python), [str(python), "-W", "ignore", "-c", code])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{python} -c {code!r} failed with status {status}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def compared(genuine: Path, code: str) -> tuple[dict[str, Figure], dict[str, float]]:
    """Return the seconds and the megabytes that `code` takes in either environment."""
    memory: dict[str, float] = {}

    def seconds(name: str, python: Path | str) -> float:
        bare_seconds, bare_memory = run(python, "pass")
        took, used = run(python, code)
        memory[name] = used - bare_memory
        return took - bare_seconds

    for python in (sys.executable, genuine):
        run(python, code)
    figures = alternate(
        ROUNDS,
        "s",
        {
            "zaffre": lambda: seconds("zaffre", sys.executable),
            "genuine": lambda: seconds("genuine", genuine),
        },
    )
    return figures, memory


def main() -> list[str]:
    """Return the lines of the report; our namespace loads its parts when they are named."""
    genuine = environment("azureml-core", "azureml-core==1.61.0.post4", "setuptools<81")
    names = "Environment, Experiment, Model, Run, ScriptRunConfig, Workspace"
    lines = [
        "| | zaffre-sdk | azureml-core 1.61.0 | times |",
        "|---|---|---|---|",
    ]
    for title, code in (
        ("`import azureml.core`", "import azureml.core"),
        (f"`from azureml.core import {names}`", f"from azureml.core import {names}"),
    ):
        figures, memory = compared(genuine, code)
        ours, theirs = figures["zaffre"], figures["genuine"]
        lines.append(
            f"| {title} | {ours}, {memory['zaffre']:.0f} MB "
            f"| {theirs}, {memory['genuine']:.0f} MB | {ratio(ours, theirs):.0f} |"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(main()))
