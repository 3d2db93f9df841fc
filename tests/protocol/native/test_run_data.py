"""The data of runs over HTTP: what a run may be asked to be given and to leave."""

import pytest

from native.conftest import Api

STORE = "workspaceblobstore"


def script(api: Api, **said: object) -> dict[str, object]:
    spec = {
        "kind": "script",
        "script": "train.py",
        "snapshot_id": api.snapshot(**{"train.py": b"print()"}),
        "environment": {"pip_packages": ["numpy"]},
    }
    return {"experiment": "exp", "spec": {**spec, **said}}


@pytest.fixture
def dataset(api: Api) -> str:
    api.done(
        "PUT",
        f"{api.home}/datastores/{STORE}/files/a.csv",
        b"a\n1\n",
        headers=((b"content-type", b"application/octet-stream"),),
    )
    definition = {"kind": "file", "places": [{"path": "a.csv", "datastore": STORE}]}
    return api.done("POST", f"{api.home}/datasets", {"definition": definition})["id"]


def test_a_run_says_its_data(api: Api, dataset: str):
    said = {
        "inputs": [
            {"name": "table", "mode": "direct", "dataset_id": dataset},
            {"name": "files", "mode": "mount", "dataset_id": dataset, "path_on_compute": "here"},
            {"name": "path", "mode": "upload", "datastore": STORE, "path": "a/b"},
        ],
        "outputs": [
            {
                "name": "out",
                "mode": "upload",
                "path": "{run-id}",
                "globs": ["*.csv"],
                "definition": {
                    "kind": "tabular",
                    "reader": {"format": "delimited", "separator": ";"},
                    "steps": [{"do": "keep_columns", "columns": ["a"]}],
                },
                "register": {"name": "made", "tags": {"a": "b"}},
            }
        ],
    }
    made = api.done("POST", f"{api.home}/runs", script(api, **said))
    found = api.done("GET", f"{api.home}/runs/{made['id']}")["spec"]
    assert found["inputs"] == said["inputs"]
    assert found["outputs"] == said["outputs"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"inputs": [{"name": "a", "dataset_id": "none"}]}, 404, "DatasetNotFound"),
        (
            {"inputs": [{"name": "a", "mode": "mount", "datastore": "none"}]},
            404,
            "DatastoreNotFound",
        ),
        ({"outputs": [{"name": "a", "datastore": "none"}]}, 404, "DatastoreNotFound"),
        ({"inputs": [{"name": "a"}]}, 400, "InvalidRunSpec"),
        ({"inputs": [{"name": "a b", "dataset_id": "x"}]}, 400, "InvalidRunSpec"),
        ({"inputs": [{"name": "a", "mode": "x", "dataset_id": "x"}]}, 400, "InvalidMode"),
        ({"outputs": [{"name": "a"}, {"name": "a"}]}, 400, "DuplicateName"),
        ({"outputs": [{"name": "a", "definition": {"kind": 1}}]}, 400, "InvalidType"),
        ({"outputs": [{"name": "a", "folder": "/etc"}]}, 400, "UnknownField"),
    ],
)
def test_what_cannot_be_given_is_refused(api: Api, said: dict, status: int, code: str):
    assert api.refused("POST", f"{api.home}/runs", script(api, **said)) == (status, code)
    assert api.done("GET", f"{api.home}/runs")["value"] == []


@pytest.mark.parametrize("path", ["../etc/passwd", "a/../../b", "C:/x", "a\\b"])
def test_a10_data_of_runs_lies_below_its_datastore(api: Api, path: str):
    said = {"inputs": [{"name": "a", "mode": "mount", "datastore": STORE, "path": path}]}
    assert api.refused("POST", f"{api.home}/runs", script(api, **said)) == (400, "InvalidPath")
    said = {"outputs": [{"name": "a", "datastore": STORE, "path": path}]}
    assert api.refused("POST", f"{api.home}/runs", script(api, **said)) == (400, "InvalidPath")


def test_data_of_another_workspace_is_not_there(api: Api, dataset: str):
    other = api.workspace("other")
    asked = script(api, inputs=[{"name": "a", "dataset_id": dataset}])
    asked["spec"]["snapshot_id"] = api.snapshot(other, **{"train.py": b"print()"})
    assert api.refused("POST", f"{other}/runs", asked) == (404, "DatasetNotFound")
