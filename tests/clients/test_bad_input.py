"""What people see of the mistakes that are easy to make, as v1 programs see it."""

import math
import re
import signal
import subprocess
import sys

import pytest
from azureml.core import Environment, Experiment, Model, Run, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import (
    ActivityFailedException,
    ComputeTargetException,
    ExperimentExecutionException,
    ModelNotFoundException,
    RunEnvironmentException,
    ServiceException,
    UserErrorException,
    WorkspaceException,
)
from live import until
from programs import environ_of

OK = "print('fine')\n"
TOO_MUCH = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
data = bytearray(1 << 33)
"""


@pytest.fixture
def experiment(workspace):
    return Experiment(workspace, "bad-input")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "train.py").write_text(OK)
    return folder


@pytest.fixture
def failed(experiment, source, server, capsys):
    """Submit a script that fails; return the message, the details and what was shown."""

    def run(text, **settings):
        (source / "train.py").write_text(text)
        submitted = experiment.submit(ScriptRunConfig(str(source), "train.py", **settings))
        with pytest.raises(ActivityFailedException) as raised:
            submitted.wait_for_completion(show_output=True)
        assert submitted.get_status() == "Failed"
        error = submitted.get_details()["error"]["error"]
        message = str(raised.value)
        assert error["message"] in message
        assert submitted.id in message
        # The lines of the log are the script's own; what we say ourselves names no folder of ours.
        assert str(server.home) not in error["message"]
        assert "zaffre_sdk" not in message
        return message, error, capsys.readouterr().out

    return run


# What is wrong is said before anything is sent.


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("trian.py", r"`script` `trian\.py` is not in the `source_directory`.*\nScripts.*`train"),
        ("../other.py", r"`script` `\.\./other\.py` leads out of the `source_directory`"),
        (None, "`script` must name a file below `source_directory`"),
        ("", "`script` must name a file below `source_directory`"),
        (".", r"`script` `\.` is not in"),
    ],
)
def test_a_script_that_is_not_there_is_named(experiment, source, script, words):
    (source.parent / "other.py").write_text(OK)
    with pytest.raises(UserErrorException, match=words):
        experiment.submit(ScriptRunConfig(str(source), script))


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("absent", "`source_directory` `.*absent` does not exist"),
        ("src/train.py", "`source_directory` `.*` is a file"),
        ("empty", r"`script` `train\.py` is not in .*empty`\.\nScripts in it: none"),
    ],
)
def test_a_source_folder_that_is_none_is_named(experiment, source, folder, words):
    (source.parent / "empty").mkdir()
    with pytest.raises(UserErrorException, match=words):
        experiment.submit(ScriptRunConfig(str(source.parent / folder), "train.py"))


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"arguments": "--reg 0.1"}, UserErrorException, r"`arguments` must be a list(.|\n)*Such"),
        ({"arguments": [{"a": 1}]}, UserErrorException, r"`arguments\[0\]` must be text or a"),
        ({"environment": "sklearn"}, UserErrorException, r"`environment` must be an Environ"),
        ({"run_config": "local"}, UserErrorException, "`run_config` must be a RunConfig"),
        ({"command": "ls"}, UserErrorException, "`script` and `command`"),
        (
            {"compute_target": "gpu"},
            ComputeTargetException,
            r"no compute target `gpu`(.|\n)*`local`",
        ),
        ({"max_run_duration_seconds": -1}, UserErrorException, "`max_run_duration_seconds`"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named(experiment, source, settings, kind, words):
    with pytest.raises(kind, match=words):
        experiment.submit(ScriptRunConfig(str(source), "train.py", **settings))


# What fails while it runs says how, with the last lines of its log.


@pytest.mark.parametrize(
    ("text", "words", "last"),
    [
        ("import zaffre_none", "1: ModuleNotFoundError: No module named 'zaffre_none'.", ""),
        ("print('begun')\nraise ValueError('no luck')", "1: ValueError: no luck.", "begun"),
        ("def f(:\n    pass", "exit code 1: SyntaxError: invalid syntax.", "train.py"),
        ("import sys\nsys.exit('no data there')", "exit code 1.", "no data there"),
        ("import os\nprint('half', flush=True)\nos._exit(3)", "exit code 3.", "half"),
        (
            "import os, signal\nprint('half', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)",
            "killed by signal 9 (SIGKILL), perhaps because the machine ran out of memory",
            "half",
        ),
        (
            TOO_MUCH,
            "exit code 1: MemoryError. It asked for more memory than there is.",
            "bytearray(1 << 33)",
        ),
    ],
)  # fmt: skip
def test_r08_a_script_that_fails_says_how(failed, text, words, last):
    message, error, shown = failed(text)
    assert "`train.py` " in message
    assert words in message
    assert error["code"] == "UserScriptFailed"
    assert last in message
    assert last in shown
    assert "Execution Summary" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("packages", "words"),
    [
        (["zaffre-no-such-package"], "`zaffre-no-such-package` is not on the package index"),
        (["six==99.0"], "The package index has no `six==99.0`"),
        (["six==1.16.0", "six==1.15.0"], "No version of `six` suits all: "),
    ],
)
def test_c76_c77_an_environment_that_cannot_be_made_names_the_package(failed, packages, words):
    environment = Environment("broken")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
    message, error, shown = failed(OK, environment=environment)
    assert error["code"] == "EnvironmentBuildFailed"
    assert "The environment `broken` could not be prepared: " in message
    assert words in message
    assert "Streaming azureml-logs/20_image_build_log.txt" in shown


def test_c76_a_requirement_that_cannot_be_read_is_refused_at_once(workspace, tmp_path):
    (tmp_path / "train.py").write_text(OK)
    environment = Environment("broken")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["six=>1"])
    config = ScriptRunConfig(str(tmp_path), script="train.py", environment=environment)
    with pytest.raises(UserErrorException, match="The requirement `six=>1` is not allowed"):
        Experiment(workspace, "bad-input").submit(config)


def test_a_python_that_nobody_has_is_named(failed):
    environment = Environment("old")
    environment.python.conda_dependencies = CondaDependencies.create(python_version="2.7")
    message, error, _shown = failed(OK, environment=environment)
    assert error["code"] == "EnvironmentBuildFailed"
    assert re.search(r"Python `2\.7` cannot be used.* Ask for one such as", message)


# Runs.


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (lambda run: run.log("x", None), "`x` cannot have the value None of type NoneType"),
        (lambda run: run.log("x", [1]), r"`x` cannot have the value \[1\] of type list"),
        (lambda run: run.log("x", {"a": 1}), "`x` cannot have the value .* of type dict"),
        (lambda run: run.log("", 1), "A metric name has 1 to 255 characters"),
        (lambda run: run.log(3, 1), "`name` must be text, not 3"),
        (lambda run: run.log("x", 1, step=-1), "`step` must be a whole number"),
        (lambda run: run.log_list("x", 3), "`x` needs a list, not 3"),
        (lambda run: run.log_list("x", [[1]]), r"`x` cannot have the value \[1\]"),
        (lambda run: run.log_row("x"), "row `x` has no columns"),
        (lambda run: run.log_row("x", a=[1]), r"`x\.a` cannot have the value"),
        (lambda run: run.log_table("x", [1]), "`x` must be a dictionary of columns"),
        (lambda run: run.log_table("x", {"a": [1], "b": []}), "differ in length: `a` 1, `b` 0"),
        (lambda run: run.log_image("x"), "`x` needs either `path` or `plot`"),
        (lambda run: run.log_image("x", path="absent.png"), "`path` names `.*absent.png`"),
        (lambda run: run.log_image("x", plot=3), "`x` needs a matplotlib figure"),
        (lambda run: run.upload_file("a", "absent"), "`path_or_stream` names `.*absent`, which"),
        (lambda run: run.upload_folder("a", "absent"), "`path` names `.*absent`, which is no"),
        (lambda run: run.upload_file("../a", __file__), r"path `\.\./a` is not allowed"),
        (lambda run: run.download_file("absent"), r"has no file `absent`\.\nIts files: "),
    ],
)
def test_c49_to_c59_a_value_that_cannot_be_logged_is_named(experiment, log, words):
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("fine", math.inf)
        with pytest.raises(UserErrorException, match=words):
            log(run)
    assert run.get_metrics() == {"fine": math.inf}


def test_c57_logging_to_a_run_that_has_ended_is_said_and_stops_nothing(experiment, capfd):
    run = experiment.start_logging(snapshot_directory=None)
    run.log("before", 1)
    run.complete()
    run.log("after", 1)
    run.flush()
    assert f"The run `{run.id}` is Completed" in capfd.readouterr().err
    with pytest.raises(UserErrorException, match=f"`{run.id}` is Completed; nothing can be added"):
        run.upload_file("late.txt", __file__)
    assert run.get_metrics() == {"before": 1}


def test_c47_an_archived_experiment_takes_no_runs_and_says_what_to_do(experiment, source):
    experiment.archive()
    try:
        with pytest.raises(ExperimentExecutionException, match=r"archived.*\nReactivate it"):
            experiment.submit(ScriptRunConfig(str(source), "train.py"))
        with pytest.raises(ExperimentExecutionException, match="`bad-input` is archived"):
            experiment.start_logging(snapshot_directory=None)
    finally:
        experiment.reactivate()


def test_c48_what_is_not_there_is_named(workspace, experiment):
    with pytest.raises(ExperimentExecutionException, match=r"no run `absent`.*\nCheck"):
        Run.get(workspace, "absent")
    with pytest.raises(ExperimentExecutionException, match="no run `absent`"):
        Run(experiment, "absent").get_details()
    with pytest.raises(ModelNotFoundException, match=r"no model `absent:3`.*\nCheck"):
        Model(workspace, "absent", version=3)
    with pytest.raises(ModelNotFoundException, match="no model `absent`"):
        Model(workspace, "absent")
    with pytest.raises(UserErrorException, match=r"no environment `absent`.*\nCheck"):
        Environment.get(workspace, "absent")
    with pytest.raises(UserErrorException, match=r"`a/b` is not allowed\.\nA name has 1 to 255"):
        Experiment(workspace, "a/b")
    with pytest.raises(RunEnvironmentException, match=r"`AZUREML_RUN_ID`(.|\n)*Submit it"):
        Run.get_context(allow_offline=False)


def test_one_id_means_one_run_and_what_it_was_asked_to_do(experiment, source):
    config = ScriptRunConfig(str(source), "train.py")
    run = experiment.submit(config, run_id="chosen_id")
    assert run.id == "chosen_id"
    assert experiment.submit(config, run_id="chosen_id") == run
    other = ScriptRunConfig(str(source), "train.py", arguments=["--other"])
    with pytest.raises(ExperimentExecutionException, match=r"`chosen_id`.*\nLeave the id out"):
        experiment.submit(other, run_id="chosen_id")
    run.wait_for_completion()


# Workspaces.


@pytest.mark.usefixtures("workspace")
def test_a_workspace_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        WorkspaceException, match=r"no workspace `\.\.\. / tests / absent` (.|\n)*v1"
    ):
        Workspace.get("absent", subscription_id="...", resource_group="tests")
    with pytest.raises(WorkspaceException, match=r"`v1` exists(.|\n)*`exist_ok=True`"):
        Workspace.create("v1", subscription_id="...", resource_group="tests")
    with pytest.raises(UserErrorException, match=r"`a/b` is not allowed\.\nA workspace name has"):
        Workspace.create("a/b", subscription_id="...", resource_group="tests")


@pytest.mark.usefixtures("workspace")
def test_c118_no_configuration_names_the_folders_searched(tmp_path, monkeypatch):
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with pytest.raises(UserErrorException, match=r"`config\.json`") as raised:
        Workspace.from_config()
    message = str(raised.value)
    assert all(f"`{one}`" in message for one in (folder, folder.parent, tmp_path))
    assert "Workspace.write_config()" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"subscription_id": "s",\n "resource_group" "r"}', r"config\.json:2:19` is not valid"),
        ("", r"config\.json:1:1` is not valid JSON"),
        ("[]", r"`subscription_id` is missing\.\nIt is a JSON object with"),
        ('{"subscription_id": "s"}', "`resource_group` is missing"),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_c119_a_malformed_configuration_says_where(tmp_path, text, words):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserErrorException, match=words):
        Workspace.from_config(str(tmp_path))


def test_c120_a_server_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setenv("ZAFFRE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ZAFFRE_TOKEN", "secret")
    with pytest.raises(ServiceException, match=r"No server answers at http://127\.0\.0\.1:9") as e:
        Workspace.get("v1")
    assert "host 127.0.0.1, port 9" in str(e.value)
    assert "`zaffre up`" in str(e.value)
    assert "secret" not in str(e.value)


# A shell that starts the tests in the background has them, and all they start, ignore the signal.
WAITING = """
import signal, sys
from azureml.core import Experiment, ScriptRunConfig, Workspace
signal.signal(signal.SIGINT, signal.default_int_handler)
workspace = Workspace.get("v1", resource_group="tests")
run = Experiment(workspace, "bad-input").submit(ScriptRunConfig(sys.argv[1], "train.py"))
print("waiting for", run.id, flush=True)
run.wait_for_completion(show_output=True)
"""
GOING = """
import pathlib, time
print("going on", flush=True)
while not pathlib.Path({flag!r}).exists():
    time.sleep(0.05)
"""


def test_c122_ctrl_c_leaves_the_run_going(workspace, server, source, tmp_path):
    flag = tmp_path / "flag"
    (source / "train.py").write_text(GOING.format(flag=str(flag)))
    output = tmp_path / "output.txt"
    with output.open("wb") as file:
        program = subprocess.Popen(
            [sys.executable, "-c", WAITING, str(source)],
            env=environ_of(server.home),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    until(lambda: "\ngoing on" in output.read_text())
    program.send_signal(signal.SIGINT)
    assert program.wait(20) != 0
    said = output.read_text()
    run_id = re.search(r"waiting for (\S+)", said)[1]
    assert f"the run {run_id} goes on. Its `cancel()` ends it." in said
    run = Run.get(workspace, run_id)
    assert run.get_status() == "Running"
    flag.touch()
    assert run.wait_for_completion()["status"] == "Completed"
