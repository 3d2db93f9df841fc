"""A whole program as Azure ML v1 documents it: track, train, register, deploy and score.

Run it with `python examples/first_program.py`; the server is found, or started. Run it as often
as you like.
"""

import json
import os
from pathlib import Path

import requests
from azureml.core import Environment, Experiment, Model, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, LocalWebservice
from sklearn.datasets import load_breast_cancer

os.chdir(Path(__file__).parent)

# A workspace, and the file by which other programs in this folder find it.
ws = Workspace.create(
    name="aml-workspace",
    subscription_id="...",
    resource_group="aml-resources",
    create_resource_group=True,
    location="eastus",
    exist_ok=True,
)
ws.write_config()
ws = Workspace.from_config()
print(ws.name, ws.resource_group, ws.location, sep="\t")

# An inline run: this program logs.
features, labels = load_breast_cancer(return_X_y=True)
run = Experiment(ws, "inline").start_logging(snapshot_directory=None)
run.log("samples", len(features))
for smallest in features.min(axis=0)[:3]:
    run.log("smallest", float(smallest))
run.log_list("classes", [0, 1])
run.log_row("shape", rows=features.shape[0], columns=features.shape[1])
run.log_table("counts", {"label": [0, 1], "samples": [int((labels == i).sum()) for i in (0, 1)]})
run.upload_file("outputs/train.py", "train/train.py")
run.complete()
print(json.dumps(run.get_metrics(), indent=2))

# A script in an environment of its own.
env = Environment("sklearn-env")
env.python.conda_dependencies = CondaDependencies.create(
    conda_packages=["scikit-learn", "pip"], pip_packages=["azureml-defaults"]
)
config = ScriptRunConfig(
    source_directory="train", script="train.py", arguments=["--reg", 0.01], environment=env
)
run = Experiment(ws, "train").submit(config)
run.wait_for_completion(show_output=True)
for name, value in run.get_metrics().items():
    print(name, value)
print(run.get_file_names())
run.download_file("outputs/model.pkl", "downloads/model.pkl")
details = run.get_details_with_logs()
print(details["status"], list(details["logFiles"]))

# The model it left behind.
model = run.register_model(
    model_name="breast-cancer",
    model_path="outputs/model.pkl",
    tags={"data": "breast cancer"},
    properties={"accuracy": run.get_metrics()["accuracy"]},
)
print(model.name, "version", model.version)

# A service that answers with it.
inference = InferenceConfig(entry_script="score.py", source_directory="svc", environment=env)
service = Model.deploy(
    ws,
    "breast-cancer-svc",
    [model],
    inference,
    AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1),
    overwrite=True,
)
service.wait_for_deployment(show_output=True)
question = json.dumps({"data": features[:3].tolist()})
print("run:", service.run(question))
answer = requests.post(
    service.scoring_uri, question, headers={"Content-Type": "application/json"}, timeout=30
)
print("http:", answer.status_code, answer.json())
print(service.get_logs()[-500:])
service.delete()

# The same on a port of its own, for trying out.
local = Model.deploy(
    ws,
    "breast-cancer-local",
    [model],
    inference,
    LocalWebservice.deploy_configuration(),
    overwrite=True,
)
local.wait_for_deployment()
local.reload()
print("local:", local.run(question), "on port", local.port)
local.delete()
