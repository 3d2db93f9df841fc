"""A run of Spark on an attached pool: a table and a folder go in, counts and a folder come out."""

import csv
import os
import random
from pathlib import Path

from azureml.core import Dataset, Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import ComputeTarget, SynapseCompute
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import RunConfiguration
from azureml.data import HDFSOutputDatasetConfig

os.chdir(Path(__file__).parent)
ws = Workspace.create(
    "spark-examples", subscription_id="local", resource_group="local", exist_ok=True
)
store = ws.get_default_datastore()

# Trips of a year, in a file for each half of it.
chance = random.Random(7)
Path("made").mkdir(exist_ok=True)
for half, months in {"first": range(1, 7), "second": range(7, 13)}.items():
    with Path("made", f"{half}.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["started", "zone", "distance"])
        for _ in range(1000):
            started = f"2023-{chance.choice(months):02}-{chance.randint(1, 28):02} 08:30:00"
            rows.writerow([started, chance.randint(1, 5), round(chance.uniform(0.5, 20), 1)])
store.upload("made", "trips", overwrite=True, show_progress=False)
trips = Dataset.Tabular.from_delimited_files((store, "trips/*.csv"))
files = Dataset.File.from_files((store, "trips/*.csv"))

# What is attached is a name: the Spark under it runs on the machine of the server.
if "spark-pool" not in ws.compute_targets:
    pool = SynapseCompute.attach_configuration("my-synapse", "SynapseSpark", "pool")
    ComputeTarget.attach(ws, "spark-pool", pool).wait_for_completion(show_output=True)

run_config = RunConfiguration(framework="PySpark")
run_config.target = "spark-pool"
run_config.spark.configuration["spark.driver.memory"] = "1g"
run_config.spark.configuration["spark.sql.shuffle.partitions"] = 2
run_config.environment.python.conda_dependencies = CondaDependencies.create(
    pip_packages=["azureml-dataset-runtime", "pandas<3"]
)

output = HDFSOutputDatasetConfig("by_zone", destination=(store, "by_zone/{run-id}"))
config = ScriptRunConfig(
    "scripts",
    script="summarize.py",
    arguments=[
        *("--trips", trips.as_named_input("trips")),
        *("--files", files.as_named_input("files").as_hdfs()),
        *("--by-zone", output.register_on_complete("by_zone")),
    ],
    run_config=run_config,
)
run = Experiment(ws, "trips").submit(config)
run.wait_for_completion(show_output=True)
metrics = run.get_metrics()
print("trips:", metrics["trips"], "lines:", metrics["lines"], "zones:", len(metrics["trips in"]))
print("the same types:", metrics["types"])
kept = Dataset.get_by_name(ws, "by_zone")
print("made:", any(path.endswith(".parquet") for path in kept.to_path()))
