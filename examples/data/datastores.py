"""Datastores: the places where the files of a workspace lie. Run it as often as you like."""

import os
import shutil
from pathlib import Path

import making
from azureml.core import Datastore, Workspace

os.chdir(Path(__file__).parent)
making.everything()
ws = Workspace.create(
    "data-examples", subscription_id="local", resource_group="local", exist_ok=True
)

# Every workspace has some, and one of them is the default.
ws.set_default_datastore("workspaceblobstore")
default = ws.get_default_datastore()
for name, datastore in ws.datastores.items():
    print(name, datastore.datastore_type, "(default)" if name == default.name else "")

# Some files into a folder, and a folder with all that is below it.
default.upload_files(
    files=["made/patients/2020.csv", "made/patients/2021.csv"],
    target_path="patients/",
    overwrite=True,
    show_progress=True,
)
default.upload(
    src_dir="made/pictures", target_path="pictures", overwrite=True, show_progress=False
)

# Back again, to where they lie in the datastore.
shutil.rmtree("downloads", ignore_errors=True)
count = default.download("downloads", prefix="/patients", show_progress=True)
print("downloaded", count, sorted(path.name for path in Path("downloads/patients").iterdir()))
same = Path("downloads/patients/2020.csv").read_bytes()
print("the same bytes:", same == Path("made/patients/2020.csv").read_bytes())

# A file that is there stays as it is, unless one says otherwise.
Path("downloads/patients/2020.csv").write_text("mine")
default.download("downloads", prefix="patients", overwrite=False, show_progress=False)
print("kept:", Path("downloads/patients/2020.csv").read_text() == "mine")
default.download("downloads", prefix="patients", overwrite=True, show_progress=False)
print("replaced:", Path("downloads/patients/2020.csv").read_bytes() == same)

# Another one as the default.
Datastore.get(ws, "workspacefilestore").set_as_default()
print("default:", Datastore.get_default(ws).name)
ws.set_default_datastore(default.name)
