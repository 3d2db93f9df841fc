"""The peer of `bench_runs.py` that runs the script as tasks of a Metaflow run."""

import os
import subprocess
import sys
import time
from pathlib import Path

FLOW = """
import subprocess, sys
from metaflow import FlowSpec, Parameter, step

class Work(FlowSpec):
    count = Parameter("count", type=int)
    script = Parameter("script", type=str)

    @step
    def start(self):
        self.numbers = list(range(self.count))
        self.next(self.work, foreach="numbers")

    @step
    def work(self):
        subprocess.run([sys.executable, self.script], check=True)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    Work()
"""


def main(script: str, slots: str) -> None:
    """Run as many tasks as each line says, and tell the seconds."""
    flow = Path("flow.py")
    flow.write_text(FLOW)
    environ = {**os.environ, "USERNAME": "bench", "METAFLOW_DEFAULT_DATASTORE": "local"}
    print("bench: ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        subprocess.run(
            [
                *(sys.executable, flow, "--quiet", "run", "--max-workers", slots),
                *("--max-num-splits", "10000", "--count", line.strip(), "--script", script),
            ],
            env=environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        print(f"bench: {time.perf_counter() - began}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
