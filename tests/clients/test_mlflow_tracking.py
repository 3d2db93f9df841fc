"""The genuine client of MLflow against a live server: experiments, runs, params, searches."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azureml.core import Experiment, ScriptRunConfig, Workspace
from live import LiveServer

PROGRAM = """
import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

client = MlflowClient()


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError(f"{call} was not refused")


assert client.get_experiment("0").name == "Default"
experiment = mlflow.set_experiment("/Users/me/my experiment")
same = mlflow.set_experiment("/Users/me/my experiment")
assert same.experiment_id == experiment.experiment_id
assert client.get_experiment_by_name("absent") is None
said = refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, "/Users/me/my experiment")
assert "Experiment(name=/Users/me/my experiment) already exists" in said
assert [one.name for one in client.search_experiments()] == [experiment.name, "Default"]
client.set_experiment_tag(experiment.experiment_id, "team", "red")
(found,) = client.search_experiments(filter_string="tags.team = 'red' and name LIKE '%my%'")
assert found.experiment_id == experiment.experiment_id

with mlflow.start_run(run_name="parent", description="first") as parent:
    mlflow.log_param("learning rate", 0.1)
    mlflow.log_param("learning rate", 0.1)
    said = refused("INVALID_PARAMETER_VALUE", mlflow.log_param, "learning rate", 0.2)
    assert "`0.1`" in said and "`0.2`" in said
    mlflow.set_tag("stage", "train")
    with mlflow.start_run(nested=True) as child:
        mlflow.log_param("depth", 3)
run = mlflow.get_run(parent.info.run_id)
assert (run.info.status, run.info.run_name, run.info.lifecycle_stage) == (
    "FINISHED", "parent", "active"
)
assert run.data.params == {"learning rate": "0.1"}
assert run.data.tags["mlflow.note.content"] == "first"
assert mlflow.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id

ids = [experiment.experiment_id]
(below,) = client.search_runs(ids, f"tags.mlflow.parentRunId = '{run.info.run_id}'")
assert below.info.run_id == child.info.run_id
(again,) = client.search_runs(ids, "params.`learning rate` = '0.1' and status = 'FINISHED'")
assert again.to_dictionary() == run.to_dictionary()
page = client.search_runs(ids, max_results=1, order_by=["start_time ASC"])
rest = client.search_runs(ids, max_results=1, order_by=["start_time ASC"], page_token=page.token)
assert [one.info.run_id for one in [*page, *rest]] == [run.info.run_id, child.info.run_id]

with mlflow.start_run(run_id=run.info.run_id):
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
try:
    with mlflow.start_run() as failing:
        raise KeyError("on purpose")
except KeyError:
    assert client.get_run(failing.info.run_id).info.status == "FAILED"

client.delete_run(run.info.run_id)
refused("INVALID_PARAMETER_VALUE", client.set_tag, run.info.run_id, "a", "b")
assert client.search_runs(ids, run_view_type=ViewType.DELETED_ONLY)[0].info.run_id == (
    run.info.run_id
)
client.restore_run(run.info.run_id)
said = refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "absent")
assert "Run with id=absent not found" in said
copy = client.create_run(ids[0], tags={"mlflow.parentRunId": "f" * 32, "mlflow.user": "eve"})
(found,) = client.search_runs(ids, "tags.mlflow.parentRunId = '" + "f" * 32 + "'")
assert (found.info.run_id, found.info.user_id) == (copy.info.run_id, "eve")
print("done")
"""


SUBMITTED = """
import mlflow
import mlflow.sklearn
from azureml.core import Run
from sklearn.tree import DecisionTreeClassifier

active = mlflow.start_run()
mlflow.log_metric("by hand", 1.5)
mlflow.sklearn.autolog(log_models=False)
DecisionTreeClassifier(max_depth=2).fit([[0.0], [1.0]], [0, 1])
mlflow.log_text("said", "notes/said.txt")
assert active.info.run_id == Run.get_context().id
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "home") as live:
        yield live


def test_a_program_of_mlflow_tracks_its_runs(server: LiveServer, tmp_path: Path):
    variables = {
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_TRACKING_TOKEN": (server.home / "token").read_text().strip(),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.endswith("done\n"), done.stderr


def test_a_submitted_script_tracks_its_own_run_without_set_up(
    server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ZAFFRE_URL", "ZAFFRE_TOKEN", "AZUREML_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    workspace = Workspace.create("v1", subscription_id="...", resource_group="tests")
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(SUBMITTED)
    run = Experiment(workspace, "submitted").submit(ScriptRunConfig(str(source), "train.py"))
    run.wait_for_completion(raise_on_error=False)
    log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert run.get_status() == "Completed", log
    metrics = run.get_metrics()
    assert (metrics["by hand"], metrics["training_score"]) == (1.5, 1.0)
    assert "notes/said.txt" in run.get_file_names()
    assert [one.id for one in run.experiment.get_runs()] == [run.id]
