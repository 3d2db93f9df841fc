"""Runs that are given data: a table, files that are downloaded or mounted, and a plain folder."""

import os
from pathlib import Path

import making
from azureml.core import Dataset, Experiment, ScriptRunConfig, Workspace

os.chdir(Path(__file__).parent)
making.everything()
ws = Workspace.create(
    "data-examples", subscription_id="local", resource_group="local", exist_ok=True
)
store = ws.get_default_datastore()
store.upload("made/patients", "patients", overwrite=True, show_progress=False)
store.upload("made/pictures", "pictures", overwrite=True, show_progress=False)
experiment = Experiment(ws, "train-on-data")
patients = Dataset.Tabular.from_delimited_files((store, "patients/*.csv")).register(
    ws, "patients", create_new_version=True
)
pictures = Dataset.File.from_files((store, "pictures/**/*.pgm")).register(
    ws, "pictures", create_new_version=True
)


def finish(run):
    run.wait_for_completion(show_output=True)
    for used in run.get_details()["inputDatasets"]:
        how = used["consumptionDetails"]
        print("read", used["dataset"].name, "as", how["inputName"], how["mechanism"])
    return run.get_metrics()


# The script finds a table by its name, as run.input_datasets["training_data"].
table = ScriptRunConfig(
    "scripts",
    script="train_table.py",
    arguments=["--regularization", 0.1, "--input-data", patients.as_named_input("training_data")],
)
print("accuracy on the table:", finish(experiment.submit(table))["accuracy"] > 0.7)

# Files lie in a folder before the script starts: copies of its own, or read-only where they are.
for how in (
    pictures.as_named_input("images").as_download(),
    pictures.as_named_input("images").as_mount(),
):
    files = ScriptRunConfig("scripts", script="train_files.py", arguments=["--images", how])
    print("accuracy on files:", finish(experiment.submit(files))["accuracy"] > 0.7)

# A path of a datastore needs no dataset.
reference = store.path("patients").as_download(path_on_compute="training_data")
plain = ScriptRunConfig("scripts", script="list_folder.py", arguments=["--folder", reference])
print("files in the folder:", finish(experiment.submit(plain))["files"])
