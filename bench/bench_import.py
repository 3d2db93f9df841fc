"""`import azureml.core`: ours against the genuine package, as whole processes.

Time is from the start of the interpreter to its end, less what the bare interpreter of the same
environment takes; memory is the largest resident set, less the bare interpreter's likewise.
"""

import os
import sys
import time
from pathlib import Path

from figures import alternate, ratio
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


def main() -> list[str]:
    """Return the lines of the report."""
    genuine = environment("azureml-core", "azureml-core==1.61.0.post4", "setuptools<81")
    code = "import azureml.core"
    for python in (sys.executable, genuine):
        run(python, code)
    memory: dict[str, float] = {}

    def seconds(name: str, python: Path | str) -> float:
        bare_seconds, bare_memory = run(python, "pass")
        took, used = run(python, code)
        memory[name] = used - bare_memory
        return took - bare_seconds

    figures = alternate(
        ROUNDS,
        "s",
        {
            "zaffre": lambda: seconds("zaffre", sys.executable),
            "genuine": lambda: seconds("genuine", genuine),
        },
    )
    ours, theirs = figures["zaffre"], figures["genuine"]
    return [
        "| | time | memory |",
        "|---|---|---|",
        f"| zaffre-sdk | {ours} | {memory['zaffre']:.0f} MB |",
        f"| azureml-core 1.61.0 | {theirs} | {memory['genuine']:.0f} MB |",
        "",
        f"The genuine package takes {ratio(ours, theirs):.1f} times as long.",
    ]


if __name__ == "__main__":
    print("\n".join(main()))
