"""A container of Azure Blob Storage as the default datastore: tables, pictures, and runs.

The account is told by `AZURE_STORAGE_ACCOUNT` and `AZURE_STORAGE_KEY`, and by
`AZURE_STORAGE_ENDPOINT` where it is not Azure's own, such as `http://127.0.0.1:10000` of Azurite.
The container `data-container` has to be there.
"""

import os
import shutil
from pathlib import Path

import making
from azureml.core import Dataset, Datastore, Experiment, ScriptRunConfig, Workspace

os.chdir(Path(__file__).parent)
making.everything("made/container")
making.patients("made/container/patients/archive/2019.csv", 300, seed=3)
ws = Workspace.create(
    "container-example", subscription_id="local", resource_group="local", exist_ok=True
)

Datastore.register_azure_blob_container(
    workspace=ws,
    datastore_name="blob_data",
    container_name="data-container",
    account_name=os.environ["AZURE_STORAGE_ACCOUNT"],
    account_key=os.environ["AZURE_STORAGE_KEY"],
    endpoint=os.environ.get("AZURE_STORAGE_ENDPOINT"),
    overwrite=True,
)
for name in ws.datastores:
    print(name)
blob_store = Datastore.get(ws, datastore_name="blob_data")
print("the key is not shown again:", blob_store.account_key is None)
ws.set_default_datastore("blob_data")
print("default:", ws.get_default_datastore().name)

# There and back.
blob_store.upload(
    src_dir="made/container/patients",
    target_path="/data/files",
    overwrite=True,
    show_progress=True,
)
blob_store.upload(
    "made/container/pictures", "/data/files/images", overwrite=True, show_progress=False
)
shutil.rmtree("downloads", ignore_errors=True)
print(blob_store.download(target_path="downloads", prefix="/data/files/20", show_progress=True))

# A table of present and older files, and pictures of two kinds in two versions.
paths = [(blob_store, "data/files/202*.csv"), (blob_store, "data/files/archive/*.csv")]
table = Dataset.Tabular.from_delimited_files(path=paths)
table = table.register(workspace=ws, name="csv_table", create_new_version=True)
lying = (blob_store, "data/files/images/lying/*.pgm")
standing = (blob_store, "data/files/images/standing/*.pgm")
first = Dataset.File.from_files(path=lying).register(ws, "img_files", create_new_version=True)
Dataset.File.from_files(path=[lying, standing]).register(ws, "img_files", create_new_version=True)
print("rows:", len(ws.datasets["csv_table"].to_pandas_dataframe()))
print("files of the first:", len(first.to_path()))
print("files of the latest:", len(Dataset.get_by_name(ws, "img_files").to_path()))
older = Dataset.get_by_name(workspace=ws, name="img_files", version=first.version)
print("the first is what it was:", older.to_path() == first.to_path())

# A run that is given the table, and another that is given a folder of the container.
run = Experiment(ws, "on-a-container").submit(
    ScriptRunConfig(
        "scripts",
        script="train_table.py",
        arguments=["--input-data", table.as_named_input("training_data")],
    )
)
run.wait_for_completion(show_output=True)
print("accuracy:", run.get_metrics()["accuracy"] > 0.7)
reference = blob_store.path("data/files/archive").as_download(path_on_compute="training_data")
run = Experiment(ws, "on-a-container").submit(
    ScriptRunConfig("scripts", script="list_folder.py", arguments=["--folder", reference])
)
run.wait_for_completion(show_output=True)
print("files in the folder:", run.get_metrics()["files"])
