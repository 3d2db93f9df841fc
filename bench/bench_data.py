"""Data: tables into pandas, files up and down, and a dataset larger than the memory it may take.

Readers share one environment and one machine; `azureml-dataprep` has an environment of its own and
reads over loopback HTTP, since it takes no path of this machine. Each reading is a process of its
own whose modules are loaded before the clock starts. `BENCH_DATA_MB` (500) is the size of the
table, `BENCH_DATA_GB` (5) that of the large dataset, `BENCH_DATA_FILES` (5000) how many small
files there are; `BENCH_DATA_ROUNDS` (5) how often each is done.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from azureml.core import Workspace
from data_making import large_file, small_files
from data_transfers import Copy, Mlflow, Transfer, Zaffre
from figures import Figure, alternate, ratio
from home import fresh_home
from mlflow_servers import free_port
from peers import environment
from waiting import wait_until_answering

FOLDER = Path(__file__).resolve().parent
SDK = FOLDER.parent / "sdk"
MEGABYTES = int(os.environ.get("BENCH_DATA_MB", "500"))
GIGABYTES = float(os.environ.get("BENCH_DATA_GB", "5"))
FILES = int(os.environ.get("BENCH_DATA_FILES", "5000"))
ROUNDS = int(os.environ.get("BENCH_DATA_ROUNDS", "5"))
READERS = {
    "zaffre": "zaffre, `TabularDataset`",
    "pandas_dates": "pandas, `parse_dates`",
    "pandas": "pandas, times as texts",
    "polars": "Polars, `to_pandas`",
    "duckdb": "DuckDB, `df`",
    "pyarrow": "PyArrow, `to_pandas`",
    "dataprep": "azureml-dataprep, over HTTP",
}
LARGE = {
    "profile": "profile",
    "split": "a random fifth, as Parquet",
    "convert": "all of it, as Parquet",
}


def main() -> list[str]:
    """Return the lines of the report."""
    python = environment("data", "-e", f"{SDK}[data]", "polars")
    with tempfile.TemporaryDirectory(prefix="bench-data-") as temporary, fresh_home():
        folder = Path(temporary)
        said([python, "data_making.py", "table", str(folder), str(MEGABYTES)])
        store = Workspace.create(
            "bench", subscription_id="local", resource_group="local", exist_ok=True
        ).get_default_datastore()
        tables = [str(folder / f"table.{form}") for form in ("csv", "parquet")]
        store.upload_files(tables, target_path="tables", show_progress=False)
        return [
            *readings(python, folder),
            "",
            *transfers(folder),
            "",
            *large(python, store, folder),
        ]


def readings(python: Path, folder: Path) -> list[str]:
    """Read one table with every reader, as CSV and as Parquet."""
    lines = [
        f"A table into pandas, {MEGABYTES} MB as CSV:",
        "",
        "| | CSV | memory | Parquet | memory |",
        "|---|---|---|---|---|",
    ]
    with served(folder) as address:
        table = {form: measured(python, folder, form, address) for form in ("csv", "parquet")}
    for name, words in READERS.items():
        cells = [
            f"{figures[name]} | {memory[name]:,.0f} MB" for figures, memory, _ in table.values()
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    lines.append("")
    for form, (figures, _, defined) in table.items():
        lines.append(summary(form, figures, defined))
    return lines


def measured(
    python: Path, folder: Path, form: str, address: str
) -> tuple[dict[str, Figure], dict[str, float], float]:
    """Return seconds and megabytes by reader, and what it takes us to define the dataset."""
    genuine = environment(
        "azureml-dataprep",
        *("azureml-core==1.61.0.post4", "azureml-dataset-runtime==1.62.0.post1"),
        *("pandas==2.3.3", "numpy==2.3.2", "pyarrow==23.0.1", "setuptools<81"),
    )
    memory: dict[str, float] = {}
    shapes: dict[str, tuple[int, int]] = {}
    defined: list[float] = []

    def seconds(name: str) -> float:
        interpreter = genuine if name == "dataprep" else python
        places = {"zaffre": f"tables/table.{form}", "dataprep": f"{address}/table.{form}"}
        place = places.get(name, str(folder / f"table.{form}"))
        figures = json.loads(said([interpreter, "data_reads.py", name, form, place]))
        memory[name] = max(memory.get(name, 0.0), figures["megabytes"])
        shapes[name] = (figures["rows"], figures["columns"])
        if name == "zaffre":
            defined.append(figures["define"])
        return figures["read"]

    for name in READERS:
        seconds(name)  # modules are compiled, files are in memory
    figures = alternate(ROUNDS, "s", {name: lambda n=name: seconds(n) for name in READERS})
    if len(set(shapes.values())) > 1:
        raise SystemExit(f"readers do not agree: {shapes}")
    return figures, memory, sorted(defined)[len(defined) // 2]


def summary(form: str, figures: dict[str, Figure], defined: float) -> str:
    """Say in one line how we stand."""
    others = [figures[name] for name in READERS if name not in {"zaffre", "dataprep"}]
    fastest = min(others, key=lambda figure: figure.median)
    ours = figures["zaffre"]
    return (
        f"{form}: {1 / ratio(ours, fastest):.2f} times as long as the fastest "
        f"({READERS[fastest.subject]}), {ratio(ours, figures['dataprep']):.1f} times as fast as "
        f"azureml-dataprep; defining the dataset takes {defined:.2f} s besides.  "
    )


def transfers(folder: Path) -> list[str]:
    """Bring files up and down, many small ones and a large one."""
    small_files(folder / "small", FILES)
    large_file(folder / "large", MEGABYTES * 2)
    lines = ["| | to the store | back |", "|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="bench-mlflow-") as other:
        peer = Mlflow(Path(other), environment("mlflow", "mlflow", "psutil"))
        subjects: dict[str, Transfer] = {
            "zaffre": Zaffre(folder),
            "zaffre over HTTP": Zaffre(folder, near=False),
            "`cp -r`": Copy(folder, flushed=False),
            "`cp -r`, then `sync`": Copy(folder, flushed=True),
            "MLflow": peer,
        }
        try:
            for title, source in (
                (f"{FILES:,} files of 4 KiB", folder / "small"),
                (f"one file of {MEGABYTES * 2:,} MB", folder / "large"),
            ):
                lines += [f"| **{title}** | | |", *transferred(subjects, source)]
        finally:
            peer.stop()
    return lines


def transferred(subjects: dict[str, Transfer], source: Path) -> list[str]:
    """Measure both ways for one folder of files."""
    ways: dict[str, dict[str, Callable[[], float]]] = {
        "up": {name: lambda s=subject: s.up(source) for name, subject in subjects.items()},
        "down": {name: lambda s=subject: s.down() for name, subject in subjects.items()},
    }
    figures = {way: alternate(ROUNDS, "s", doing) for way, doing in ways.items()}
    return [f"| {name} | {figures['up'][name]} | {figures['down'][name]} |" for name in subjects]


def large(python: Path, store: object, folder: Path) -> list[str]:
    """Profile, split and convert a dataset of many gigabytes, and weigh each."""
    if not GIGABYTES:
        return []
    table = folder / "table.csv"
    parts = max(round(GIGABYTES * 1e9 / table.stat().st_size), 1)
    for number in range(parts):
        part = folder / f"part-{number:03d}.csv"
        part.hardlink_to(table)
        store.upload_files([str(part)], target_path="large", show_progress=False)
    lines = [
        f"A dataset of {parts * table.stat().st_size / 1e9:.3g} GB in {parts} CSV files:",
        "",
        "| | seconds | memory at most |",
        "|---|---|---|",
    ]
    for task, words in LARGE.items():
        with tempfile.TemporaryDirectory(dir=folder) as made:
            figures = json.loads(said([python, "data_large.py", task, "large/*.csv", made]))
        lines.append(f"| {words} | {figures['seconds']:.1f} s | {figures['megabytes']:,.0f} MB |")
    return lines


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on loopback, from a process of its own."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, FOLDER / "file_server.py", str(port), folder],
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_answering(process, f"{address}/table.csv", seconds=30)
            yield address
        finally:
            process.terminate()


def said(command: list[str | Path]) -> str:
    """Return the last line that a program of this folder printed."""
    done = subprocess.run(command, cwd=FOLDER, stdout=subprocess.PIPE, text=True, check=True)
    lines = done.stdout.splitlines()
    return lines[-1] if lines else ""


if __name__ == "__main__":
    print("\n".join(main()))
