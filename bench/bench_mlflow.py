"""The genuine client of MLflow against this server and against MLflow's own, one after the other.

Both keep their data in SQLite, both pass files through themselves, and the client is one program
in one environment. A third server answers at once and keeps nothing: what the client does against
it is the most that any server lets it do. `BENCH_RUNS=10000,100000` adds the search among so many
runs, and `BENCH_MEASURES=files,search` does only these, which are rest (start and memory) and the
names below.
"""

import os
import tempfile
import time
from pathlib import Path

from figures import Figure, alternate, ratio
from mlflow_servers import AtOnce, Mlflow, Server, Zaffre, measured
from peers import environment

Servers = tuple[Zaffre, Mlflow, AtOnce]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
HOUSE = Path(__file__).resolve().parent.parent
REST_SECONDS = 10
"""Both go on loading after they answer, and nothing tells when they are done with it."""
NOTE = (
    "`answered at once` is the same client against a server that keeps nothing, and `at most` how"
    " many times as fast as MLflow's server any server can seem to it; `inf` means that nothing"
    " came within five minutes."
)
COUNTS = {
    # measure: (what is said of it, how much for us, how much for MLflow's server)
    "single": ("single metrics, 1 client", 400, 60),
    "clients": ("single metrics, 8 clients", 200, 20),
    "batches": ("metrics, 1,000 at once", 40, 5),
    "runs": ("whole runs (14 requests)", 40, 8),
    "files": ("files of 2 KiB", 1000, 400),
}
SEARCHES = {
    # measure: (what is said of it, how often for us, how often for MLflow's server, rounds)
    "search": ("newest first", 10, 10, ROUNDS),
    "search_filter": ("by a param and a metric", 10, 10, ROUNDS),
    # It may take them minutes, since they sort all of them.
    "search_order": ("ordered by a metric", 10, 1, 1),
}
MEASURES = os.environ.get("BENCH_MEASURES", ",".join(["rest", *COUNTS, *SEARCHES])).split(",")


def main() -> list[str]:
    """Return the lines of the report."""
    python = environment("mlflow", "mlflow", "psutil")
    version = measured_version(python)
    with tempfile.TemporaryDirectory(prefix="bench-mlflow-") as folder:
        # As it is installed: what else stands in the environment of the project costs time too.
        own = environment("zaffre", *(f"-e{HOUSE / part}" for part in ("sdk", "server")))
        ours = Zaffre(Path(folder, "zaffre"), python=own)
        theirs = Mlflow(Path(folder, "mlflow"), python=python)
        at_once = AtOnce(Path(folder, "at_once"), example=ours)
        everyone = (ours, theirs, at_once)
        try:
            for server in everyone:
                server.folder.mkdir()
                server.start()  # the first start makes the tables
                server.stop()
            return [
                f"| | zaffre | `mlflow server` {version} | times | answered at once | at most |",
                "|---|---|---|---|---|---|",
                *(at_rest(ours, theirs) if "rest" in MEASURES else started(ours, theirs)),
                *rates(python, everyone),
                *(searches(python, everyone) if set(SEARCHES) & set(MEASURES) else ()),
                "",
                NOTE,
            ]
        finally:
            for server in everyone:
                server.stop()


def measured_version(python: Path) -> str:
    """Return the release of the peer."""
    return next(
        path.name.removesuffix(".dist-info").split("-")[1]
        for path in python.parent.parent.glob("lib/*/site-packages/mlflow-*.dist-info")
    )


def at_rest(ours: Server, theirs: Server) -> list[str]:
    """Start each of them alone, several times, and weigh both when they rest."""

    def begun(server: Server) -> float:
        # One of them goes on loading long after it answers, which the other must not pay for.
        ours.stop()
        theirs.stop()
        return server.start()

    starts = alternate(ROUNDS, "s", {"ours": lambda: begun(ours), "theirs": lambda: begun(theirs)})
    ours.start()  # the last start was theirs
    time.sleep(REST_SECONDS)
    weights = alternate(1, "MB", {"ours": ours.megabytes, "theirs": theirs.megabytes})
    mine, other = weights["ours"], weights["theirs"]
    return [
        f"| start | {starts['ours']} | {starts['theirs']} | {times(starts)} | | |",
        (
            f"| memory at rest | {mine.median:.0f} MB | {other.median:.0f} MB"
            f" | {times(weights)} | | |"
        ),
    ]


def started(ours: Server, theirs: Server) -> list[str]:
    """Start both, and let them come to rest."""
    ours.start()
    theirs.start()
    time.sleep(REST_SECONDS)
    return []


def times(figures: dict[str, Figure]) -> str:
    """Return by how much less we take."""
    return f"{ratio(figures['ours'], figures['theirs']):.3g}"


def rates(python: Path, servers: Servers) -> list[str]:
    """Measure how much of each kind is done in a second."""
    servers[2].start()
    lines = []
    for measure, (words, our_count, their_count) in COUNTS.items():
        if measure not in MEASURES:
            continue
        counts = (our_count, their_count)
        figures = compared(python, servers, measure, counts, unit="/s", rounds=ROUNDS)
        mine, other, most = figures.values()
        lines.append(row(words, figures, ratio(other, mine), ratio(other, most)))
    return lines


def searches(python: Path, servers: Servers) -> list[str]:
    """Measure a search for a hundred runs among many."""
    ours, theirs, at_once = servers
    if not set(COUNTS) & set(MEASURES):
        for server in (ours, theirs):
            measured(python, server, "single", 1)  # makes the experiment
    lines, filled = [], 0
    for runs in [int(number) for number in os.environ.get("BENCH_RUNS", "10000").split(",")]:
        for server in (ours, theirs):
            server.stop()
            server.fill(range(filled, runs))
            server.start()
        at_once.stop()
        at_once.fill(range(filled, runs))
        at_once.start()
        filled = runs
        for measure, (words, our_count, their_count, rounds) in SEARCHES.items():
            if measure not in MEASURES:
                continue
            counts = (our_count, their_count)
            figures = compared(python, servers, measure, counts, unit="s", rounds=rounds)
            mine, other, least = figures.values()
            said = f"100 of {runs:,} runs, {words}"
            lines.append(row(said, figures, ratio(mine, other), ratio(least, other)))
    return lines


def compared(
    python: Path,
    servers: Servers,
    measure: str,
    counts: tuple[int, int],
    *,
    unit: str,
    rounds: int,
) -> dict[str, Figure]:
    """Measure all servers in turn."""
    ours, theirs, at_once = servers
    our_count, their_count = counts
    return alternate(
        rounds,
        unit,
        {
            "ours": lambda: measured(python, ours, measure, our_count),
            "theirs": lambda: measured(python, theirs, measure, their_count),
            "at once": lambda: measured(python, at_once, measure, our_count),
        },
    )


def row(words: str, figures: dict[str, Figure], times: float, most: float) -> str:
    """Return a line of the table."""
    mine, other, at_once = figures.values()
    return f"| {words} | {mine} | {other} | {times:.3g} | {at_once} | {most:.3g} |"


if __name__ == "__main__":
    print("\n".join(main()))
