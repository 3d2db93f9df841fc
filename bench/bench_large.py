"""A dataset larger than the memory that it may take: profiled, split, and converted to Parquet.

`BENCH_DATA_GB` (5) is its size, `BENCH_DATA_MB` (500) that of each file of it. It needs twice that
much room on the disk, and a gigabyte. Each task is a process of its own, of which the system tells
how much of the memory it held at most.
"""

import json
import os
import tempfile
from pathlib import Path

from azureml.core import Workspace
from home import fresh_home
from peers import readers, said

MEGABYTES = int(os.environ.get("BENCH_DATA_MB", "500"))
GIGABYTES = float(os.environ.get("BENCH_DATA_GB", "5"))
TASKS = {
    "profile": "profile",
    "split": "a random fifth, as Parquet",
    "convert": "all of it, as Parquet",
}


def main() -> list[str]:
    """Return the lines of the report."""
    python = readers()
    with tempfile.TemporaryDirectory(prefix="bench-large-") as temporary, fresh_home():
        folder = Path(temporary)
        said([python, "data_making.py", "table", str(folder), str(MEGABYTES)])
        parts, size = sent(folder)
        lines = [
            f"A dataset of {parts * size / 1e9:.3g} GB in {parts} CSV files:",
            "",
            "| | seconds | memory at most |",
            "|---|---|---|",
        ]
        for task, words in TASKS.items():
            with tempfile.TemporaryDirectory(dir=folder) as made:
                figures = json.loads(said([python, "data_large.py", task, "large/*.csv", made]))
            lines.append(
                f"| {words} | {figures['seconds']:.1f} s | {figures['megabytes']:,.0f} MB |"
            )
        return lines


def sent(folder: Path) -> tuple[int, int]:
    """Send the table to the datastore as often as is asked; say how often, and its size."""
    store = Workspace.create(
        "bench", subscription_id="local", resource_group="local", exist_ok=True
    ).get_default_datastore()
    table = folder / "table.csv"
    size = table.stat().st_size
    parts = max(round(GIGABYTES * 1e9 / size), 1)
    for number in range(parts):
        part = folder / f"part-{number:03d}.csv"
        part.hardlink_to(table)
        store.upload_files([str(part)], target_path="large", show_progress=False)
    return parts, size


if __name__ == "__main__":
    print("\n".join(main()))
