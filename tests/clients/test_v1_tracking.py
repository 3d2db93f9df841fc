"""The tracking of v1 in its breadth, against a real server: children, labels, files, documents."""

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from azureml.core import Experiment, Run, ScriptRunConfig, get_run
from azureml.exceptions import ExperimentExecutionException, UserErrorException
from click.testing import CliRunner
from live import until
from programs import environ_of
from zaffre.cli.runs import command
from zaffre_sdk.home import Home

MATRIX = {
    "schema_type": "confusion_matrix",
    "schema_version": "1.0.0",
    "data": {"class_labels": ["0", "1"], "matrix": [[1, 2], [3, 4]]},
}


@pytest.fixture
def experiment(workspace, request):
    return Experiment(workspace, request.node.name[:60].split("[")[0])


@pytest.fixture
def run(experiment):
    run = experiment.start_logging(snapshot_directory=None)
    yield run
    run.complete()


def ids(runs) -> list[str]:
    return [one.id for one in runs]


def test_metrics_take_the_shapes_of_v1(run):
    for value in (1, 2, 3):
        run.log("series", value)
    run.log_row("one", x=1, y=2)
    run.log_row("rows", x=1, y=2)
    run.log_row("rows", x=3)
    run.log_table("table", {"a": [1, 2]})
    run.log_table("table", {"a": [3]})
    run.log_list("list", [1, 2])
    run.log_list("list", [3])
    assert run.get_metrics() == {
        "series": [1, 2, 3],
        "one": {"x": 1, "y": 2},
        "rows": {"x": [1, 3], "y": [2, None]},
        "table": {"a": [1, 2, 3]},
        "list": [1, 2, 3],
    }
    assert run.get_metrics("series") == {"series": [1, 2, 3]}


def test_names_and_values_may_be_long_and_many(run):
    long = "x" * 255
    run.log(long, "y" * 20_000)
    for number in range(3000):
        run.log(f"m{number}", number)
    metrics = run.get_metrics()
    assert metrics[long] == "y" * 20_000
    assert len(metrics) == 3001


def test_documents_are_read_back(run, tmp_path):
    run.log_confusion_matrix("cm", MATRIX)
    reference = run.get_metrics()["cm"]
    run.download_file(reference, str(tmp_path / "cm.json"))
    assert json.loads((tmp_path / "cm.json").read_text()) == MATRIX
    assert run.get_metrics(populate=True) == {"cm": MATRIX}
    with pytest.raises(UserErrorException, match="rows of"):
        run.log_confusion_matrix("cm", {**MATRIX, "data": {"class_labels": [], "matrix": [[1]]}})


def test_a_figure_is_kept_as_a_picture(run, tmp_path):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    figure.subplots().plot([1, 2])
    run.log_image("a plot", plot=figure)
    [name] = [name for name in (run.flush(), *run.get_file_names()) if name]
    run.download_file(name, str(tmp_path / "plot.png"))
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_children_at_any_depth(experiment, run):
    child = run.child_run("child")
    deep = child.child_run("deep")
    deep.log("x", 1)
    deep.set_tags({"level": "2"})
    deep.complete()
    child.complete()
    assert ids(run.get_children()) == [child.id]
    assert ids(run.get_children(recursive=True)) == [deep.id, child.id]
    # A filter that the parent does not fit must not hide the child below it.
    assert ids(run.get_children(recursive=True, tags={"level": "2"})) == [deep.id]
    assert ids(run.get_children(recursive=True, status="Completed")) == [deep.id, child.id]
    assert run.get_metrics(recursive=True) == {run.id: {}, child.id: {}, deep.id: {"x": 1}}
    assert run.get_metrics(recursive=True, run_type="azureml.scriptrun") == {}
    assert deep.parent.parent == run
    assert run.parent is None
    assert ids(experiment.get_runs()) == [run.id]
    assert set(ids(experiment.get_runs(include_children=True))) == {run.id, child.id, deep.id}


def test_create_children_wants_one_of_two(run):
    assert len(run.create_children(count=3)) == 3
    folds = run.create_children(tag_key="fold", tag_values=[1, 2])
    assert [one.tags["fold"] for one in folds] == ["1", "2"]
    for arguments in ({}, {"count": 1, "tag_values": [1]}, {"tag_values": [1]}):
        with pytest.raises(UserErrorException):
            run.create_children(**arguments)


def test_labels_names_and_filters(experiment, run):
    run.set_tags({"a": "x,y", "b": 2})
    run.tag("flag")
    run.add_properties({"p": "1"})
    run.display_name, run.description = "shown", "said"
    seen = get_run(experiment, run.id)
    assert (seen.display_name, seen.description) == ("shown", "said")
    assert seen.tags == {"a": "x,y", "b": "2", "flag": ""}
    for tags in ("flag", ["a", "flag"], {"a": "x,y"}, {"b": 2}, {"flag": None}):
        assert ids(experiment.get_runs(tags=tags)) == [run.id]
    assert ids(experiment.get_runs(tags={"a": "x"})) == []
    assert ids(experiment.get_runs(properties={"p": "1"})) == [run.id]
    assert ids(Run.list(experiment, status="Running")) == [run.id]
    assert ids(Run.list(experiment, type="azureml.scriptrun")) == []
    assert run.remove_tags(["a", "b"]) == {"flag": ""}


def test_c55_a_property_cannot_be_written_again(run):
    run.add_properties({"p": "1"})
    run.add_properties({"p": "1"})
    with pytest.raises(ExperimentExecutionException, match=r"`1`.*`2`"):
        run.add_properties({"p": "2"})


def test_c56_a_tag_of_a_megabyte_is_refused_by_name(run):
    with pytest.raises(UserErrorException, match=r"tags\.big"):
        run.tag("big", "x" * 1_000_000)


def test_c57_after_the_end_nothing_is_added(experiment, capfd):
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()
    run.log("x", 1)
    run.flush()
    assert "RunIsTerminal" in capfd.readouterr().err
    with pytest.raises(ExperimentExecutionException, match="Completed"):
        run.fail()


def test_runs_of_a_compute_target(workspace, run):
    here = SimpleNamespace(workspace=workspace, name="local")
    assert run.id in ids(Run.list_by_compute(here))
    assert ids(Run.list_by_compute(SimpleNamespace(workspace=workspace, name="gone"))) == []


def test_runs_that_go_on_are_not_cleaned(experiment):
    run = experiment.start_logging(snapshot_directory=None)
    with pytest.raises(UserErrorException, match="has not ended"):
        run.clean()
    run.cancel()
    run.clean()
    assert run.get_status() == "Canceled"


def test_failures_say_what_they_were_told(experiment):
    run = experiment.start_logging(snapshot_directory=None)
    run.fail("it broke", "MyCode")
    assert run.get_details()["error"]["error"]["code"] == "MyCode"
    assert run.get_detailed_status()["details"] == "it broke"
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_files_are_fetched_as_asked(run, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    sent = run.upload_files(
        ["outputs/a.txt", "outputs/b.txt"],
        [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")],
        return_artifacts=True,
    )
    assert sorted(sent) == ["outputs/a.txt", "outputs/b.txt"]
    run.download_files("outputs", str(tmp_path / "kept"))
    assert (tmp_path / "kept" / "outputs" / "a.txt").read_text() == "a"
    run.download_files("outputs/", str(tmp_path / "cut"), append_prefix=False)
    assert (tmp_path / "cut" / "b.txt").read_text() == "b"
    run.download_files("outputs/", str(tmp_path), output_paths=["one", "two"], batch_size=1)
    assert (tmp_path / "two").read_text() == "b"
    with pytest.raises(UserErrorException, match="1 entries for 2 files"):
        run.download_files("outputs/", output_paths=["one"])
    with pytest.raises(UserErrorException, match="go in pairs"):
        run.upload_files(["a"], [])


def test_experiments_are_looked_up_lazily(workspace, monkeypatch):
    for name in ("lazy-1", "lazy-2"):
        Experiment(workspace, name).set_tags({"lazy": name})
    listed = []
    nouns = workspace._nouns.experiments._noun
    every = nouns.list
    monkeypatch.setattr(nouns, "list", lambda: listed.append(1) or every())
    experiments = workspace.experiments
    assert experiments["lazy-1"].tags == {"lazy": "lazy-1"}
    assert "lazy-2" in experiments
    assert experiments.get("lazy-3") is None
    assert listed == []
    assert {"lazy-1", "lazy-2"} <= set(experiments)
    assert len(listed) == 1
    assert len(dict(experiments.items())) == len(experiments)


def test_experiments_are_listed_by_view_and_tags(workspace):
    names = ["view-1", "view-2"]
    for name in names:
        Experiment(workspace, name).set_tags({"view": name, "seen": ""})
    Experiment(workspace, "view-2").archive()

    def listed(**asked):
        return [one.name for one in Experiment.list(workspace, **asked)]

    assert listed(tags={"view": "view-1"}) == ["view-1"]
    assert listed(tags="seen") == ["view-1"]
    assert listed(tags=["seen", "view"], view_type="All") == names
    assert listed(view_type="ArchivedOnly", tags="view") == ["view-2"]
    assert listed(experiment_name="view-2") == []
    assert listed(experiment_name="view-2", view_type="All") == ["view-2"]
    with pytest.raises(UserErrorException, match="ActiveOnly"):
        listed(view_type="Some")


def test_c47_an_archived_experiment_takes_no_runs(workspace):
    experiment = Experiment(workspace, "put-away")
    experiment.archive()
    with pytest.raises(ExperimentExecutionException, match="archived"):
        experiment.start_logging(snapshot_directory=None)
    experiment.reactivate()
    experiment.start_logging(snapshot_directory=None).complete()


def test_programs_beat_for_their_runs(experiment, workspace):
    run = experiment.start_logging(snapshot_directory=None)
    nouns = workspace._nouns
    assert nouns.runs.beat([run.id]) == []
    run.complete()
    assert nouns.runs.beat([run.id, "absent"]) == [run.id, "absent"]


SAYS = """
import os
for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
    print(name, os.environ[name])
assert os.environ["MLFLOW_TRACKING_TOKEN"] == os.environ["AZUREML_RUN_TOKEN"]
assert "MLFLOW_EXPERIMENT_NAME" not in os.environ
"""


def test_scripts_are_told_where_mlflow_is(experiment, workspace, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "")
    monkeypatch.setattr("zaffre_sdk.tracking.mlflow_client._given", set())
    uri = workspace.get_mlflow_tracking_uri()
    assert uri.endswith("/providers/Microsoft.MachineLearningServices/workspaces/v1")
    assert os.environ["MLFLOW_TRACKING_TOKEN"] == Home.default().read_token()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "say.py").write_text(SAYS)
    run = experiment.submit(ScriptRunConfig(str(tmp_path / "src"), "say.py"))
    run.wait_for_completion()
    log = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert f"MLFLOW_TRACKING_URI {uri}" in log
    assert f"MLFLOW_RUN_ID {run.id}" in log
    assert f"MLFLOW_EXPERIMENT_ID {experiment.id}" in log


NOTEBOOK = """
import os, signal, sys
from azureml.core import Experiment, Workspace
workspace = Workspace.get("v1", resource_group="tests")
run = Experiment(workspace, "killed").start_logging(snapshot_directory=None)
for number in range(100):
    run.log("x", number)
run.log_image("i", path=sys.argv[1])
print(run.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_program_logged_is_sent_by_the_next(workspace, server, tmp_path):
    (tmp_path / "i.png").write_bytes(b"\x89PNG")
    killed = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(tmp_path / "i.png")],
        env=environ_of(server.home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    sync = [sys.executable, "-m", "zaffre", "runs", "sync", "--workspace", "v1"]
    subprocess.run(sync, env=environ_of(server.home), check=True, capture_output=True, timeout=60)
    run = workspace.get_run(killed.stdout.strip())
    # The writer needs a moment to bring points to disk; what it had brought there is not lost.
    assert run.get_metrics().get("x", list(range(100)))[:1] == [0]
    assert until(lambda: [one for one in run.get_file_names() if one.startswith("i_")])
    run.cancel()


def runs_command(*arguments: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(command, [*arguments, "-w", "v1"], input=answer)
    return done.exit_code, done.output


def test_runs_are_listed_and_deleted_for_good(workspace, experiment, tmp_path):
    (tmp_path / "a.txt").write_text("a" * 5000)
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("x", 1)
        run.upload_file("a.txt", str(tmp_path / "a.txt"))
        child = run.child_run()
        child.complete()
    code, listed = runs_command("list", "-e", experiment.name, "-o", "json")
    assert (code, [one["id"] for one in json.loads(listed)]) == (0, [child.id, run.id])
    code, said = runs_command("delete", run.id, "--children", "--dry-run")
    assert code == 0, said
    assert "Would delete 2 runs with 1 files" in said
    assert runs_command("delete", run.id, "-r", answer="n\n")[0] == 1
    assert run.get_status() == "Completed"
    code, said = runs_command("delete", run.id, "-r", "--yes")
    assert code == 0, said
    assert "Deleted 2 runs with 1 files" in said
    with pytest.raises(ExperimentExecutionException):
        workspace.get_run(run.id)
    assert runs_command("delete", run.id, "--yes")[0] == 1


def test_experiments_are_deleted_by_id_or_name(workspace):
    for use in ("id", "name"):
        experiment = Experiment(workspace, "doomed")
        experiment.start_logging(snapshot_directory=None).complete()
        Experiment.delete(workspace, getattr(experiment, use))
        assert "doomed" not in workspace.experiments
    with pytest.raises(ExperimentExecutionException):
        Experiment.delete(workspace, "doomed")
