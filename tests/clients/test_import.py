"""Stores of MLflow are brought into a workspace, once, and look there as they did before."""

import math
import sqlite3

import pytest
from click.testing import CliRunner
from stores_of_mlflow import CHILD, FIRST, GONE, STARTED, make_database, make_file_store, write
from zaffre.cli.importing import command
from zaffre.importing.target import Target
from zaffre_sdk.client import connect
from zaffre_sdk.wire.workspaces import WorkspaceIn


@pytest.fixture
def workspace(server, monkeypatch, request):
    for name in ("ZAFFRE_URL", "ZAFFRE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    client = connect()
    name = request.node.name[:60].partition("[")[0]
    made = client.workspaces.create(
        WorkspaceIn(name=name, subscription_id="s", resource_group="g")
    )
    return client.workspace(made.id)


def bring(workspace, place, *arguments, code=0):
    given = ["mlflow", "--from", str(place), "-w", workspace.id, *arguments]
    done = CliRunner().invoke(command, given)
    assert done.exit_code == code, done.output
    return done.output


def champion_of(workspace):
    client = connect()
    target = Target(client, client.workspaces.get(workspace.id))
    asked = "2.0/mlflow/registered-models/alias?name=clf&alias=champion"
    return target.ask_mlflow(asked)["model_version"]["version"]


def state_of(workspace):
    """Return everything that could change."""
    return {
        "experiments": list(workspace.experiments.list()),
        "runs": [workspace.runs.get(run_id) for run_id in (FIRST, CHILD, GONE)],
        "metrics": repr(workspace.metrics.summaries(FIRST)),
        "files": list(workspace.artifacts.list(FIRST)),
        "models": list(workspace.models.list()),
    }


def test_file_store_comes_whole_and_once(workspace, tmp_path):
    store = make_file_store(tmp_path / "mlruns")
    bring(workspace, store)
    first = workspace.runs.get(FIRST)
    assert (first.state, first.display_name, first.description) == ("Completed", "a", "what it is")
    assert (first.started_at, first.ended_at) == (STARTED / 1000, STARTED / 1000 + 5)
    assert first.params == {"lr": "0.1"}
    assert first.tags == {"kind": "good", "mlflow.user": "ada"}
    child = workspace.runs.get(CHILD)
    assert (child.state, child.parent_id) == ("Failed", FIRST)
    assert workspace.runs.get(GONE).state == "Canceled"
    assert workspace.experiments.get("gone").archived_at is not None
    loss = [(entry.value, entry.step) for entry in workspace.metrics.entries(FIRST)]
    assert [step for _, step in loss] == [-3, 0, 1]
    assert (loss[0][0], loss[1][0]) == (-math.inf, 0.5)
    assert math.isnan(loss[2][0])
    target = workspace.artifacts.download(FIRST, "model/weights.bin", tmp_path / "weights")
    assert target.read_text() == "12345"
    models = {model.version: model for model in workspace.models.list()}
    assert sorted(models) == [1, 3]
    assert [file.path for file in models[3].files] == ["model/MLmodel", "model/weights.bin"]
    assert (models[1].run_id, models[1].created_at) == (FIRST, STARTED / 1000)
    assert champion_of(workspace) == "3"
    before = state_of(workspace)
    assert "0 runs (3 were there already)" in bring(workspace, store)
    assert state_of(workspace) == before


def test_runs_that_go_on_get_what_is_new(workspace, tmp_path):
    store = make_file_store(tmp_path / "mlruns")
    meta = store / "1" / FIRST / "meta.yaml"
    ended = meta.read_text()
    meta.write_text(ended.replace("status: 3", "status: 1").replace("end_time", "x"))
    bring(workspace, store)
    assert workspace.runs.get(FIRST).state == "Running"
    with (store / "1" / FIRST / "metrics" / "val" / "loss").open("a") as lines:
        lines.write(f"{STARTED + 2} 0.25 2\n")
    write(store / "1" / FIRST / "params" / "late", "1")
    write(store / "1" / FIRST / "artifacts" / "new.txt", "new")
    meta.write_text(ended)
    bring(workspace, store)
    assert workspace.runs.get(FIRST).state == "Completed"
    assert workspace.runs.get(FIRST).params == {"lr": "0.1", "late": "1"}
    steps = [entry.step for entry in workspace.metrics.entries(FIRST, name="val/loss")]
    assert steps == [0, 1, 2]
    assert "new.txt" in [file.path for file in workspace.artifacts.list(FIRST)]


def test_files_may_come_later(workspace, tmp_path):
    store = make_file_store(tmp_path / "mlruns")
    bring(workspace, store, "--no-artifacts", "-e", "one/first")
    assert not list(workspace.artifacts.list(FIRST))
    assert not list(workspace.models.list())
    bring(workspace, store)
    assert len(list(workspace.artifacts.list(FIRST))) == 2
    assert len(list(workspace.metrics.entries(FIRST))) == 3


def test_what_cannot_come_is_named_and_the_rest_comes(workspace, tmp_path):
    store = make_file_store(tmp_path / "mlruns")
    write(store / "1" / "broken" / "meta.yaml", "run_id: [")
    with (store / "1" / CHILD / "meta.yaml").open("a") as meta:
        meta.write("artifact_uri: s3://bucket/else\n")
    told = bring(workspace, store, code=1)
    assert "run broken:" in told
    assert f"files of run {CHILD}: it lies in a store that only its server reads" in told
    assert workspace.runs.get(CHILD).state == "Failed"


def test_database_comes_and_versions_keep_their_numbers(workspace, tmp_path):
    place = make_database(tmp_path / "mlflow.db", tmp_path / "art")
    assert "1 runs" in bring(workspace, place, "--dry-run")
    assert not list(workspace.runs.list())
    bring(workspace, place)
    (model,) = workspace.models.list()
    assert (model.id, [file.path for file in model.files]) == ("clf:4", ["model/weights.bin"])
    with sqlite3.connect(tmp_path / "mlflow.db") as opened:
        opened.execute(
            "INSERT INTO model_versions SELECT name, 9, creation_time + 1, last_updated_time,"
            " '', 'None', source, run_id, NULL FROM model_versions"
        )
    opened.close()
    bring(workspace, place)
    assert [model.version for model in workspace.models.list()] == [9, 4]


def test_server_comes_over_http(server, workspace, tmp_path, monkeypatch):
    bring(workspace, make_file_store(tmp_path / "mlruns"), "-e", "one/first")
    other = connect().workspaces.create(
        WorkspaceIn(name="copy", subscription_id="s", resource_group="g")
    )
    copy = connect().workspace(other.id)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", (server.home / "token").read_text().strip())
    root = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    name = connect().workspaces.get(workspace.id).name
    bring(copy, f"{server.url}/mlflow/v1.0/{root}/workspaces/{name}")
    was, now = workspace.runs.get(FIRST), copy.runs.get(FIRST)
    assert (now.params, now.started_at, now.ended_at) == (was.params, was.started_at, was.ended_at)
    assert copy.runs.get(CHILD).parent_id == FIRST
    assert len(list(copy.metrics.entries(FIRST))) == 3
    digests = [file.digest for file in workspace.artifacts.list(FIRST)]
    assert [file.digest for file in copy.artifacts.list(FIRST)] == digests


def test_runs_in_a_circle_come_with_one_of_them_on_top(workspace, tmp_path):
    store = make_file_store(tmp_path / "mlruns")
    write(store / "1" / FIRST / "tags" / "mlflow.parentRunId", CHILD)
    bring(workspace, store)
    parents = [workspace.runs.get(run_id).parent_id for run_id in (FIRST, CHILD)]
    assert parents in ([None, FIRST], [CHILD, None])


def test_servers_that_are_none_of_mlflow_end_in_a_sentence(server, workspace, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", (server.home / "token").read_text().strip())
    told = bring(workspace, f"{server.url}/nothing", code=1)
    assert "Error: The experiments cannot be read" in told


def test_places_without_a_store_end_in_a_sentence(workspace, tmp_path):
    assert "no file store" in bring(workspace, tmp_path, code=1)
    assert "There is no experiment none" in bring(
        workspace, make_file_store(tmp_path / "m"), "-e", "none", code=1
    )
