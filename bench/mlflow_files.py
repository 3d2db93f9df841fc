"""Files up and down through the genuine client of MLflow: `python mlflow_files.py URL HOW FOLDER`.

It prints how many seconds the files of a folder took. `up` makes a run and prints its id as well,
which `down` takes as a fourth argument.
"""

import json
import os
import sys
import time

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow import MlflowClient


def main(url: str, how: str, folder: str, run: str = "") -> dict[str, str | float]:
    """Return the seconds and the run."""
    client = MlflowClient(url, url)
    if how == "up":
        found = client.get_experiment_by_name("files")
        experiment = found.experiment_id if found else client.create_experiment("files")
        run = client.create_run(experiment).info.run_id
    began = time.perf_counter()
    if how == "up":
        client.log_artifacts(run, folder, "files")
    else:
        client.download_artifacts(run, "files", folder)
    return {"seconds": time.perf_counter() - began, "run": run}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
