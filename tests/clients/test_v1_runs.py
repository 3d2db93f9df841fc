"""Runs as v1 programs see them, against a real server."""

import math
from datetime import UTC, datetime, timedelta

import pytest
import requests
from azureml.core import Experiment, Model, Run, ScriptRunConfig, Workspace
from azureml.core.authentication import InteractiveLoginAuthentication
from azureml.exceptions import (
    ActivityFailedException,
    ExperimentExecutionException,
    ModelNotFoundException,
    ModelPathNotFoundException,
    SnapshotException,
    UserErrorException,
    WebserviceException,
    WorkspaceException,
)
from azureml.widgets import RunDetails

SCRIPT = """
from pathlib import Path
from azureml.core import Run
run = Run.get_context(allow_offline=False)
print("hello from", run.id)
for value in (1, 2, 3):
    run.log("x", value)
run.tag("seen", "yes")
Path("outputs").mkdir(exist_ok=True)
Path("outputs/a.txt").write_text("result")
"""


@pytest.fixture
def experiment(workspace):
    return Experiment(workspace, "runs")


@pytest.fixture
def inline(experiment):
    run = experiment.start_logging(snapshot_directory=None)
    yield run
    run.complete()


def submitted(experiment, folder, text, **settings):
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(text)
    return experiment.submit(ScriptRunConfig(str(folder), "train.py", **settings))


def test_a_script_is_tracked(experiment, tmp_path, capsys):
    run = submitted(experiment, tmp_path / "src", SCRIPT)
    details = run.wait_for_completion(show_output=True)
    shown = capsys.readouterr().out
    assert f"RunId: {run.id}" in shown
    assert "Streaming user_logs/std_log.txt" in shown
    assert f"hello from {run.id}" in shown
    assert "Execution Summary" in shown
    assert details["status"] == "Completed"
    assert run.get_metrics() == {"x": [1, 2, 3]}
    assert run.tags["seen"] == "yes"
    assert {"outputs/a.txt", "user_logs/std_log.txt"} <= set(run.get_file_names())
    run.download_file("outputs/a.txt", str(tmp_path / "got.txt"))
    assert (tmp_path / "got.txt").read_text() == "result"
    logs = run.get_details_with_logs()["logFiles"]
    assert f"hello from {run.id}" in logs["user_logs/std_log.txt"]
    assert (tmp_path / "all" / "user_logs" / "std_log.txt").as_posix() in run.get_all_logs(
        str(tmp_path / "all")
    )
    assert run.restore_snapshot(path=str(tmp_path / "again")) == str(tmp_path / "again")
    assert (tmp_path / "again" / "train.py").read_text() == SCRIPT


def test_a_script_that_raises_says_why(experiment, tmp_path):
    run = submitted(experiment, tmp_path / "src", "raise ValueError('no such luck')\n")
    with pytest.raises(ActivityFailedException, match="no such luck"):
        run.wait_for_completion()
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"
    assert "exit code 1" in run.get_details()["error"]["error"]["message"]


def test_c46_submitting_nothing_names_the_argument(experiment):
    with pytest.raises(UserErrorException, match="`config`"):
        experiment.submit(None)


def test_c48_an_unknown_run_is_an_error(workspace):
    with pytest.raises(ExperimentExecutionException, match="no_such_run"):
        Run.get(workspace, "no_such_run")


def test_c65_a_link_that_leaves_the_folder_is_refused(experiment, tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(SnapshotException, match="link"):
        submitted(experiment, tmp_path / "src", SCRIPT)


def test_inline_metrics_come_back_in_the_shapes_of_v1(inline, tmp_path):
    inline.log("once", 1)
    inline.log("nan", math.nan)
    inline.log_list("list", ["a", "b"])
    inline.log_row("rows", x=1)
    inline.log_row("rows", x=2)
    inline.log_table("table", {"a": [1, 2]})
    (tmp_path / "plot.png").write_bytes(b"\x89PNG")
    inline.log_image("plot", path=str(tmp_path / "plot.png"))
    metrics = inline.get_metrics()
    assert math.isnan(metrics.pop("nan"))
    image = metrics.pop("plot")
    assert image.startswith(f"aml://artifactId/ExperimentRun/dcid.{inline.id}/plot_")
    assert metrics == {
        "once": 1,
        "list": ["a", "b"],
        "rows": {"x": [1, 2]},
        "table": {"a": [1, 2]},
    }


def test_files_go_up_and_down(inline, tmp_path):
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "b.txt").write_text("b")
    inline.upload_folder("data", str(tmp_path / "folder"))
    inline.upload_file("a.txt", str(tmp_path / "folder" / "deep" / "b.txt"))
    assert inline.get_file_names() == ["a.txt", "data/deep/b.txt"]
    inline.download_files("data/", str(tmp_path / "down"), append_prefix=False)
    assert (tmp_path / "down" / "deep" / "b.txt").read_text() == "b"
    with pytest.raises(UserErrorException, match=r"no file `absent`.*\n.*a\.txt"):
        inline.download_file("absent")
    with pytest.raises(ModelPathNotFoundException, match=r"data/deep/b\.txt"):
        inline.register_model("m", "absent.pkl")


def test_children_and_filters(experiment):
    with experiment.start_logging(snapshot_directory=None) as parent:
        child = parent.child_run("first")
        child.log("x", 1)
        child.complete()
        parent.create_children(tag_key="fold", tag_values=[1, 2])
    assert [one.tags.get("fold") for one in parent.get_children()] == ["2", "1", None]
    assert child.parent == parent
    assert [one.id for one in parent.get_children(tags={"fold": "1"})] != []
    assert child not in list(experiment.get_runs())
    assert child in list(experiment.get_runs(include_children=True))
    assert parent.get_metrics(recursive=True)[child.id] == {"x": 1}


def test_a_block_that_raises_fails_its_run(experiment):
    with (
        pytest.raises(ZeroDivisionError),
        experiment.start_logging(snapshot_directory=None) as run,
    ):
        _ = 1 / 0
    assert run.get_details()["error"]["error"]["message"].startswith("ZeroDivisionError")


def test_runs_show_themselves(inline, capsys):
    inline.log("accuracy", 0.5)
    RunDetails(inline).show()
    assert "accuracy" in capsys.readouterr().out
    assert inline.id in inline._repr_html_()
    assert "Running" in repr(inline)


def test_models_are_registered_found_and_fetched(workspace, tmp_path):
    (tmp_path / "m.txt").write_text("one")
    model = Model.register(workspace, str(tmp_path / "m.txt"), "m", tags={"kind": "text"})
    Model.register(workspace, str(tmp_path / "m.txt"), "m")
    assert Model(workspace, "m").version == model.version + 1
    assert datetime.now(UTC) - model.created_time < timedelta(minutes=1)
    assert Model(workspace, "m", version=model.version).tags == {"kind": "text"}
    assert Model(workspace, "m", tags=[["kind", "text"]]).id == model.id
    assert [one.version for one in Model.list(workspace, "m", latest=True)] == [model.version + 1]
    path = model.download(str(tmp_path / "down"))
    assert path == str(tmp_path / "down" / "m.txt")
    with pytest.raises(WebserviceException, match="exist_ok"):
        model.download(str(tmp_path / "down"))
    model.download(str(tmp_path / "down"), exist_ok=True)
    with pytest.raises(ModelNotFoundException, match="Registered models: m"):
        Model(workspace, "absent")
    with pytest.raises(ModelPathNotFoundException, match="absent"):
        Model.register(workspace, str(tmp_path / "absent"), "m")


def test_workspaces_are_found_by_their_configuration(workspace, tmp_path):
    workspace.write_config(str(tmp_path))
    found = Workspace.from_config(str(tmp_path))
    assert found.get_details()["workspaceid"] == workspace.get_details()["workspaceid"]
    assert Workspace.get("v1", resource_group="tests").name == "v1"
    assert "v1" in Workspace.list("...")
    with pytest.raises(WorkspaceException, match=r"no workspace `absent`(.|\n)*v1"):
        Workspace.get("absent")
    with pytest.raises(WorkspaceException):
        Workspace.create("v1", subscription_id="...", resource_group="tests")


def test_the_header_of_an_authentication_opens_the_server(workspace):
    header = InteractiveLoginAuthentication().get_authentication_header()
    answer = requests.get(f"{workspace.discovery_url}/api/v1/server", headers=header, timeout=30)
    assert answer.status_code == 200


def test_experiments_have_tags_and_an_archive(workspace):
    experiment = Experiment(workspace, "archived")
    experiment.set_tags({"a": "1"})
    experiment.archive()
    assert "archived" not in workspace.experiments
    assert [one.name for one in Experiment.list(workspace, view_type="ArchivedOnly")] == [
        "archived"
    ]
    experiment.reactivate()
    assert workspace.experiments["archived"].tags == {"a": "1"}
    assert experiment.id not in workspace.experiments, "they are known by name"
    with pytest.raises(UserErrorException, match="not allowed"):
        Experiment(workspace, "a/b")
