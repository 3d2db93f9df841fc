"""A run of several processes, and a run configuration that is kept in a file."""

import os
from pathlib import Path

import sharing
from azureml.core import Experiment, RunConfiguration, ScriptRunConfig
from azureml.core.runconfig import PyTorchConfiguration

os.chdir(Path(__file__).parent)
ws = sharing.workspace()
experiment = Experiment(ws, "several-processes")

# Two processes on each of two nodes; each knows its rank, and all log to the one run.
config = ScriptRunConfig(
    source_directory="experiment",
    script="rank.py",
    distributed_job_config=PyTorchConfiguration("Gloo", process_count=4, node_count=2),
    max_run_duration_seconds=600,
)
run = experiment.submit(config)
run.wait_for_completion(show_output=True)
shares = [value for name, value in run.get_metrics().items() if name.startswith("share")]
print("processes:", len(shares), "sum:", sum(shares) == sum(range(1_000_000)))
print("logs:", sum(name.startswith("user_logs/") for name in run.get_file_names()))

# The same, from a file that people can read and change.
config.run_config.save(path="made", name="several")
loaded = RunConfiguration.load(path="made", name="several")
print("communicator:", loaded.communicator, "nodes:", loaded.node_count)
run = experiment.submit(ScriptRunConfig("experiment", script="rank.py", run_config=loaded))
run.wait_for_completion()
print("again:", run.get_status())
