"""Tables into pandas, by every reader there is.

Readers share one environment and one machine; `azureml-dataprep` has an environment of its own and
reads over loopback HTTP, since it takes no path of this machine. Each reading is a process of its
own whose modules are loaded before the clock starts. `BENCH_DATA_MB` (500) is the size of the
table, `BENCH_DATA_ROUNDS` (3) how often it is read.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azureml.core import Workspace
from figures import Figure, alternate, ratio
from home import fresh_home
from mlflow_servers import free_port
from peers import environment, readers, said
from waiting import wait_until_answering

FOLDER = Path(__file__).resolve().parent
MEGABYTES = int(os.environ.get("BENCH_DATA_MB", "500"))
ROUNDS = int(os.environ.get("BENCH_DATA_ROUNDS", "3"))
READERS = {
    "zaffre": "zaffre, `TabularDataset`",
    "zaffre_texts": "zaffre, times as texts",
    "pandas_dates": "pandas, `parse_dates`",
    "pandas": "pandas, times as texts",
    "polars": "Polars, `to_pandas`",
    "duckdb": "DuckDB, `df`",
    "pyarrow": "PyArrow, `to_pandas`",
    "dataprep": "azureml-dataprep, over HTTP",
}


def main() -> list[str]:
    """Return the lines of the report."""
    python = readers()
    with tempfile.TemporaryDirectory(prefix="bench-data-") as temporary, fresh_home():
        folder = Path(temporary)
        said([python, "data_making.py", "table", str(folder), str(MEGABYTES)])
        store = Workspace.create(
            "bench", subscription_id="local", resource_group="local", exist_ok=True
        ).get_default_datastore()
        tables = [str(folder / f"table.{form}") for form in ("csv", "parquet")]
        store.upload_files(tables, target_path="tables", show_progress=False)
        return readings(python, folder)


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
        stored = f"tables/table.{form}"
        places = {"zaffre": stored, "zaffre_texts": stored, "dataprep": f"{address}/table.{form}"}
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
    """Say how we stand among those that give the same: times as what they are, or as texts."""
    texts = ["zaffre_texts", "pandas"] if form == "csv" else []
    times = [name for name in READERS if name not in {*texts, "zaffre_texts", "dataprep"}]
    against = ratio(figures["zaffre"], figures["dataprep"])
    line = (
        f"{form}: {standing(figures, times)}, {against:.1f} times as fast as azureml-dataprep; "
        f"defining the dataset takes {defined:.2f} s besides.  "
    )
    if not texts:
        return line
    return f"{line}\n{form}, times as texts: {standing(figures, texts)}.  "


def standing(figures: dict[str, Figure], names: list[str]) -> str:
    """Compare the first with the fastest of the others."""
    ours, *others = [figures[name] for name in names]
    fastest = min(others, key=lambda figure: figure.median)
    return f"{1 / ratio(ours, fastest):.2f} times as long as {READERS[fastest.subject]}"


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


if __name__ == "__main__":
    print("\n".join(main()))
