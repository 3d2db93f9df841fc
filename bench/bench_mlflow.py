"""The genuine client of MLflow against this server and against MLflow's own, one after the other.

Both keep their data in SQLite, both pass files through themselves, and the client is one program
in one environment. `BENCH_RUNS=100000` adds the search among so many runs.
"""

import os
import tempfile
import time
from pathlib import Path

from figures import Figure, alternate, ratio
from mlflow_servers import Mlflow, Server, Zaffre, measured
from peers import environment

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
REST_SECONDS = 10
"""Both go on loading after they answer, and nothing tells when they are done with it."""
COUNTS = {
    # measure: (what is said of it, how much for us, how much for MLflow's server)
    "single": ("single metrics, 1 client", 400, 60),
    "clients": ("single metrics, 8 clients", 200, 20),
    "batches": ("metrics, 1,000 at once", 40, 5),
    "runs": ("whole runs (14 requests)", 40, 8),
    "files": ("files of 2 KiB", 1000, 400),
}
SEARCHES = {
    "search": "newest first",
    "search_filter": "by a param and a metric",
    "search_order": "ordered by a metric",
}


def main() -> list[str]:
    """Return the lines of the report."""
    python = environment("mlflow", "mlflow", "psutil")
    version = measured_version(python)
    with tempfile.TemporaryDirectory(prefix="bench-mlflow-") as folder:
        ours = Zaffre(Path(folder, "zaffre"))
        theirs = Mlflow(Path(folder, "mlflow"), python=python)
        try:
            for server in (ours, theirs):
                server.folder.mkdir()
                server.start()  # the first start makes the tables
                server.stop()
            return [
                f"| | zaffre | `mlflow server` {version} | times |",
                "|---|---|---|---|",
                *at_rest(ours, theirs),
                *rates(python, ours, theirs),
                *searches(python, ours, theirs),
            ]
        finally:
            ours.stop()
            theirs.stop()


def measured_version(python: Path) -> str:
    """Return the release of the peer."""
    return next(
        path.name.removesuffix(".dist-info").split("-")[1]
        for path in python.parent.parent.glob("lib/*/site-packages/mlflow-*.dist-info")
    )


def at_rest(ours: Server, theirs: Server) -> list[str]:
    """Start both, several times, and weigh them when they rest."""

    def started(server: Server) -> float:
        server.stop()
        return server.start()

    starts = alternate(
        ROUNDS, "s", {"ours": lambda: started(ours), "theirs": lambda: started(theirs)}
    )
    time.sleep(REST_SECONDS)
    weights = alternate(1, "MB", {"ours": ours.megabytes, "theirs": theirs.megabytes})
    mine, other = weights["ours"], weights["theirs"]
    return [
        f"| start | {starts['ours']} | {starts['theirs']} | {times(starts)} |",
        f"| memory at rest | {mine.median:.0f} MB | {other.median:.0f} MB | {times(weights)} |",
    ]


def times(figures: dict[str, Figure]) -> str:
    """Return by how much less we take."""
    return f"{ratio(figures['ours'], figures['theirs']):.3g}"


def rates(python: Path, ours: Server, theirs: Server) -> list[str]:
    """Measure how much of each kind is done in a second."""
    lines = []
    for measure, (words, our_count, their_count) in COUNTS.items():
        figures = alternate(
            ROUNDS,
            "/s",
            {
                "ours": lambda m=measure, n=our_count: measured(python, ours, m, n),
                "theirs": lambda m=measure, n=their_count: measured(python, theirs, m, n),
            },
        )
        more = ratio(figures["theirs"], figures["ours"])
        lines.append(f"| {words} | {figures['ours']} | {figures['theirs']} | {more:.3g} |")
    return lines


def searches(python: Path, ours: Server, theirs: Server) -> list[str]:
    """Measure a search for a hundred runs among many."""
    lines, filled = [], 0
    for runs in [int(number) for number in os.environ.get("BENCH_RUNS", "10000").split(",")]:
        for server in (ours, theirs):
            server.stop()
            server.fill(range(filled, runs))
            server.start()
        filled = runs
        for measure, words in SEARCHES.items():
            figures = alternate(
                ROUNDS,
                "s",
                {
                    "ours": lambda m=measure: measured(python, ours, m, 10),
                    # Once: it may take minutes when it has to sort all of them.
                    "theirs": lambda m=measure: measured(python, theirs, m, 1),
                },
            )
            said = f"100 of {runs:,} runs, {words}"
            lines.append(
                f"| {said} | {figures['ours']} | {figures['theirs']} | {times(figures)} |"
            )
    return lines


if __name__ == "__main__":
    print("\n".join(main()))
