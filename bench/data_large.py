"""What is done to a dataset that is larger than the memory it may take; one thing in one process.

`python data_large.py TASK PATTERN FOLDER` prints seconds, megabytes at most, and what came of it.
"""

import json
import resource
import sys
import tempfile
import time

from azureml.core import Dataset, Workspace
from azureml.data import FileDataset, TabularDataset


def main(task: str, pattern: str, folder: str) -> dict[str, float]:
    """Do one task on the files of the default datastore that fit the pattern."""
    workspace = Workspace.create(
        "bench", subscription_id="local", resource_group="local", exist_ok=True
    )
    store = workspace.get_default_datastore()
    tempfile.tempdir = folder  # here lies what is made of a table
    began = time.perf_counter()
    dataset = Dataset.Tabular.from_delimited_files((store, pattern))
    made = TASKS[task](dataset)
    return {
        "seconds": time.perf_counter() - began,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "made": made,
    }


def profile(dataset: TabularDataset) -> int:
    """Return how many records were looked at."""
    return dataset.get_profile().row_count


def split(dataset: TabularDataset) -> int:
    """Return in how many Parquet files one part of two is."""
    first, _ = dataset.random_split(0.2, seed=1)
    return _files(first.to_parquet_files())


def convert(dataset: TabularDataset) -> int:
    """Return in how many Parquet files all of it is."""
    return _files(dataset.to_parquet_files())


def _files(made: FileDataset) -> int:
    return len(made.to_path())


TASKS = {task.__name__: task for task in (profile, split, convert)}

if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
