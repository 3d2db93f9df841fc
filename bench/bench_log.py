"""`run.log` per call, inside a training loop, against appending to a list.

The points travel to a real server meanwhile; `complete` waits until all are stored, and what it
took together gives the points stored in a second.
"""

import statistics
import time

from azureml.core import Experiment, Workspace
from figures import Figure, alternate
from home import fresh_home

ROUNDS = 5
CALLS = 100_000


def main() -> list[str]:
    """Return the lines of the report."""
    with fresh_home():
        workspace = Workspace.create(
            "bench", subscription_id="local", resource_group="local", exist_ok=True
        )
        experiment = Experiment(workspace, "log")
        rates = []
        slowest = []

        def logged() -> float:
            run = experiment.start_logging(snapshot_directory=None)
            worst = 0
            began = time.perf_counter()
            for step in range(CALLS):
                before = time.perf_counter_ns()
                run.log("loss", step * 0.5)
                worst = max(worst, time.perf_counter_ns() - before)
            took = time.perf_counter() - began
            run.complete()
            rates.append(CALLS / (time.perf_counter() - began))
            slowest.append(worst / 1e6)
            assert len(run.get_metrics()["loss"]) == CALLS  # noqa: S101 - all must be there
            return took / CALLS * 1e6

        def listed() -> float:
            values: list[float] = []
            began = time.perf_counter()
            for step in range(CALLS):
                before = time.perf_counter_ns()
                values.append(step * 0.5)
                max(0, time.perf_counter_ns() - before)
            return (time.perf_counter() - began) / CALLS * 1e6

        figures = alternate(ROUNDS, "µs", {"run.log": logged, "list.append": listed})
    stored = Figure("stored", "points a second", rates)
    return [
        "| | per call |",
        "|---|---|",
        f"| `run.log` | {figures['run.log']} |",
        f"| `list.append`, same loop | {figures['list.append']} |",
        "",
        f"The slowest of {CALLS:,} calls took {statistics.median(slowest):.1f} ms, at the median.",
        f"End to end, `complete` included: {stored}.",
    ]


if __name__ == "__main__":
    print("\n".join(main()))
