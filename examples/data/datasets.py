"""Datasets: tables and files with a name, versions, and a definition that is read when needed."""

import os
import shutil
from datetime import datetime
from pathlib import Path

import making
from azureml.core import Dataset, Workspace

os.chdir(Path(__file__).parent)
making.everything()
ws = Workspace.create(
    "data-examples", subscription_id="local", resource_group="local", exist_ok=True
)
store = ws.get_default_datastore()
store.upload("made/patients", "patients", overwrite=True, show_progress=False)
store.upload("made/pictures", "pictures", overwrite=True, show_progress=False)

# A table of several files. Nothing is read but what tells the types of the columns.
patients = Dataset.Tabular.from_delimited_files(path=(store, "patients/*.csv"))
frame = patients.take(5).to_pandas_dataframe()
print(frame)
print(frame.dtypes.to_dict())

# Each step gives a new dataset, and says what is to be done when somebody reads it.
older = patients.filter(patients["age"] >= 60).keep_columns(["patient", "glucose", "age"])
print("older than 60:", len(older.to_pandas_dataframe()))
train, test = patients.random_split(0.8, seed=123)
sizes = len(train.to_pandas_dataframe()), len(test.to_pandas_dataframe())
print("split:", sum(sizes), "both parts:", min(sizes) > 0)

# By time: one column says when, and a part of the path may be a column as well.
by_year = Dataset.Tabular.from_delimited_files(
    path=(store, "patients/*.csv"), partition_format="patients/{year:yyyy}.csv"
).with_timestamp_columns("seen")
spring = by_year.time_between(datetime(2020, 3, 1), datetime(2020, 5, 31))  # noqa: DTZ001
print("spring:", len(spring.to_pandas_dataframe()), sorted(by_year.partition_keys))

# Files: the paths are those below what all of them have in common.
pictures = Dataset.File.from_files(path=(store, "pictures/**/*.pgm"))
print(len(pictures.to_path()), "pictures, such as", pictures.to_path()[0])
shutil.rmtree("downloads", ignore_errors=True)
some = pictures.take_sample(0.5, seed=7).take(10).download("downloads")
print("downloaded", len(some))
with pictures.mount() as mounted:
    standing = list(Path(mounted.mount_point, "standing").iterdir())
    print("mounted", len(standing), "of those that stand")

# Registered, they are found by their names; a name has versions that stay what they are.
for version_of, name in ((patients, "patients"), (pictures, "pictures"), (train, "for training")):
    made = version_of.register(
        ws,
        name,
        description="made by examples/data/datasets.py",
        tags={"kind": "made up"},
        create_new_version=True,
    )
    print(made.name, "has a version:", made.version >= 1)
latest = Dataset.get_by_name(ws, "patients")
first = Dataset.get_by_name(ws, "patients", version=1)
print("versions:", first.version, latest.version >= first.version)
print(sorted(name for name in ws.datasets))
again = ws.datasets["for training"].to_pandas_dataframe()
print("the registered split is the same:", again.equals(train.to_pandas_dataframe()))
