"""Run the benchmarks and write RESULTS.md; name some of them to run those alone."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TITLES = {
    "import": "Importing the SDK",
    "environments": "Making an environment",
    "submit": "Submitting a run",
    "distributed": "Running several processes",
    "runs": "Many short runs",
    "log": "Logging a metric",
    "mlflow": "Tracking through the client of MLflow",
    "scoring": "Scoring",
    "data": "Tables into pandas",
    "files": "Files to and from a datastore",
    "large": "Data larger than memory",
}


def main(names: list[str]) -> None:
    """Run each benchmark in a process of its own; keep the sections that were not run."""
    for name in names or TITLES:
        print(f"bench: {name}", flush=True)
        answer = subprocess.run(
            [sys.executable, f"bench_{name}.py"],
            cwd=FOLDER,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        print(answer.stdout, flush=True)
        (FOLDER / ".results").mkdir(exist_ok=True)
        (FOLDER / ".results" / f"{name}.md").write_text(answer.stdout)
    sections = [
        f"## {title}\n\n{path.read_text().strip()}\n"
        for name, title in TITLES.items()
        if (path := FOLDER / ".results" / f"{name}.md").exists()
    ]
    (FOLDER / "RESULTS.md").write_text("\n".join([header(), *sections]))


def header() -> str:
    """Say what was measured where, and how to repeat it."""
    return (
        "# Results\n\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}. Subjects alternate in "
        "one run; figures are medians with the range of the rounds. Repeat with `make bench`, "
        "one of them with `.venv/bin/python bench/run.py import`.\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
