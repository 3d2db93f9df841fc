"""A cluster: made, used by runs through its name and its object, watched, and made smaller."""

import os
from pathlib import Path

import sharing
from azureml.core import Environment, Experiment, ScriptRunConfig
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.conda_dependencies import CondaDependencies
from azureml.train.estimator import Estimator

os.chdir(Path(__file__).parent)
ws = sharing.workspace()
store = sharing.uploaded_table(ws)
data_ref = store.path("data/files").as_mount()
compute_name = "aml-cluster"

try:
    cluster = ComputeTarget(workspace=ws, name=compute_name)
    print("found", compute_name)
except ComputeTargetException:
    size = AmlCompute.provisioning_configuration(
        vm_size="STANDARD_DS2_V2", min_nodes=0, max_nodes=2, vm_priority="dedicated"
    )
    cluster = ComputeTarget.create(ws, compute_name, size)
    cluster.wait_for_completion(show_output=True)
    print("created", compute_name)

training_env = Environment("training_environment")
training_env.python.conda_dependencies = CondaDependencies.create(
    conda_packages=["scikit-learn", "pandas", "pip"], pip_packages=["azureml-defaults"]
)
training_env.register(workspace=ws)
training_env = Environment.get(workspace=ws, name="training_environment")

# By its name, in an estimator; and as an object, in a script configuration. Both run at once.
estimator = Estimator(
    source_directory="experiment",
    entry_script="training.py",
    script_params={"--data_folder": data_ref},
    environment_definition=training_env,
    compute_target=compute_name,
)
script_config = ScriptRunConfig(
    source_directory="experiment",
    script="training.py",
    arguments=["--reg_rate", 0.5, "--data_folder", data_ref],
    environment=training_env,
    compute_target=cluster,
)
experiment = Experiment(ws, "on-a-cluster")
runs = [experiment.submit(estimator), experiment.submit(script_config)]
for run in runs:
    run.wait_for_completion(show_output=True)
    print("ran on", run.get_details()["target"], run.get_metrics()["regularization"])

cluster.update(max_nodes=1)
cluster.refresh_state()
print("nodes at most:", cluster.scale_settings.maximum_node_count)
