"""What the programs beside this file share: a workspace, and a table in its datastore."""

from pathlib import Path

from azureml.core import Workspace
from sklearn.datasets import load_breast_cancer


def workspace():
    """Return the workspace of the examples."""
    return Workspace.create(
        "training-examples", subscription_id="local", resource_group="local", exist_ok=True
    )


def uploaded_table(ws):
    """Return the default datastore, with a table of two files in `data/files`."""
    table = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "label"})
    folder = Path("made")
    folder.mkdir(exist_ok=True)
    table[:300].to_csv(folder / "first.csv", index=False)
    table[300:].to_csv(folder / "second.csv", index=False)
    store = ws.get_default_datastore()
    store.upload(str(folder), "data/files", overwrite=True, show_progress=False)
    return store
