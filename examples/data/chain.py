"""What one run makes, the next one reads; afterwards everybody sees who made and read what."""

import os
from pathlib import Path

import making
from azureml.core import Dataset, Experiment, ScriptRunConfig, Workspace
from azureml.data import OutputFileDatasetConfig

os.chdir(Path(__file__).parent)
making.everything()
ws = Workspace.create(
    "data-examples", subscription_id="local", resource_group="local", exist_ok=True
)
store = ws.get_default_datastore()
store.upload("made/patients", "patients", overwrite=True, show_progress=False)
experiment = Experiment(ws, "chain")
patients = Dataset.Tabular.from_delimited_files((store, "patients/*.csv")).register(
    ws, "patients", create_new_version=True
)

# The first script fills a folder. When it has ended well, the files go to the datastore, and
# become a version of a dataset.
prepared = (
    OutputFileDatasetConfig("prepared", destination=(store, "prepared/{run-id}"))
    .as_upload(overwrite=True)
    .register_on_complete("prepared patients", description="scaled, without gaps")
)
prepare = experiment.submit(
    ScriptRunConfig(
        "scripts",
        script="prepare.py",
        arguments=["--input", patients.as_named_input("raw"), "--output", prepared],
    )
)
prepare.wait_for_completion(show_output=True)
for made in prepare.get_details()["outputDatasets"]:
    print("made", made["dataset"].name, "as", made["outputDetails"]["outputName"])

# The second one is given that version.
version = Dataset.get_by_name(ws, "prepared patients")
print(version.to_path())
train = experiment.submit(
    ScriptRunConfig(
        "scripts",
        script="train_prepared.py",
        arguments=["--data", version.as_named_input("prepared").as_mount()],
    )
)
train.wait_for_completion(show_output=True)
print("accuracy:", train.get_metrics()["accuracy"] > 0.7)
[read] = train.get_details()["inputDatasets"]
print("it read what the first run made:", read["dataset"].id == version.id)
model = train.register_model(
    "prepared", model_path="outputs/model.pkl", datasets=[(Dataset.Scenario.TRAINING, version)]
)
print("model", model.name, "has a version:", model.version >= 1)
