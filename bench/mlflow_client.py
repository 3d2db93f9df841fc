"""What the genuine client of MLflow does for each measure; it does the same to every server.

Run by the interpreter of the peer: `python mlflow_client.py URL MEASURE [COUNT]`. It prints how
much it did in a second, or how many seconds a search took.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

CLIENTS = 8
BATCH = 1000
FILE_BYTES = 2048
EXPERIMENT = "bench"
SEARCHES = {
    "search": {},
    "search_filter": {"filter_string": "params.lr = '0.1' and metrics.acc > 0.5"},
    "search_order": {"order_by": ["metrics.acc DESC"]},
}


def main(url: str, measure: str, count: int) -> float:
    """Return the figure of one measure."""
    client = MlflowClient(url, url)
    found = client.get_experiment_by_name(EXPERIMENT)
    experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT)
    if measure in SEARCHES:
        return searched(client, experiment, SEARCHES[measure], count)
    did = MEASURES[measure]
    did(client, experiment, max(count // 20, 1))  # connections are open, pages are warm
    began = time.perf_counter()
    done = did(client, experiment, count)
    return done / (time.perf_counter() - began)


def single(client: MlflowClient, experiment: str, count: int) -> int:
    """Log one metric after the other."""
    run = client.create_run(experiment).info.run_id
    for step in range(count):
        client.log_metric(run, "loss", 1 / (step + 1), step=step)
    return count


def clients(client: MlflowClient, experiment: str, count: int) -> int:
    """Log one metric after the other from eight processes, each to a run of its own."""
    children = []
    for _ in range(CLIENTS):
        child = os.fork()
        if child == 0:
            own = MlflowClient(client.tracking_uri, client.tracking_uri)
            os._exit(0 if single(own, experiment, count) == count else 1)
        children.append(child)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("a client failed")
    return CLIENTS * count


def batches(client: MlflowClient, experiment: str, count: int) -> int:
    """Log metrics a thousand at once."""
    run = client.create_run(experiment).info.run_id
    now = int(time.time() * 1000)
    for number in range(count):
        metrics = [
            Metric(f"m{i % 10}", i * 0.5, now + i, number * BATCH + i) for i in range(BATCH)
        ]
        client.log_batch(run, metrics=metrics)
    return count * BATCH


def runs(client: MlflowClient, experiment: str, count: int) -> int:
    """Do whole runs: create, five params, five metrics, two tags, end."""
    for number in range(count):
        run = client.create_run(experiment, tags={"kind": "bench"}).info.run_id
        for i in range(5):
            client.log_param(run, f"p{i}", number)
        for i in range(5):
            client.log_metric(run, f"m{i}", number * 0.5)
        client.log_batch(run, params=[Param("lr", "0.1")], tags=[RunTag("done", "yes")])
        client.set_terminated(run)
    return count


def files(client: MlflowClient, experiment: str, count: int) -> int:
    """Upload a folder of small files."""
    entered = time.perf_counter()
    run = client.create_run(experiment).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            data = number.to_bytes(4, "big") * (FILE_BYTES // 4)
            Path(folder, f"file{number}.bin").write_bytes(data)
        began = time.perf_counter()
        client.log_artifacts(run, folder, "files")
        took = time.perf_counter() - began
    # The folder is not part of it: count as many as the whole time would have taken.
    return round(count * (time.perf_counter() - entered) / took)


def searched(client: MlflowClient, experiment: str, how: dict, count: int) -> float:
    """Return the median seconds of a search for a hundred runs."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        page = client.search_runs([experiment], max_results=100, **how)
        took.append(time.perf_counter() - began)
        if len(page) != 100:
            raise SystemExit(f"{len(page)} runs were found, 100 were asked for")
    return median(took)


MEASURES = {f.__name__: f for f in (single, clients, batches, runs, files)}

if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
