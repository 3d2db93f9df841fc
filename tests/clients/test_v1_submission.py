"""Submitting: what a script is given, where it runs, and estimators."""

import json

import pytest
from azureml.core import Dataset, Experiment, RunConfiguration, ScriptRunConfig
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.runconfig import PyTorchConfiguration
from azureml.data.datapath import DataPath
from azureml.exceptions import ComputeTargetException, TrainingException, UserErrorException
from azureml.train.estimator import Estimator
from live import until

SAY = """
import json, os, sys
def below(folder):
    return sorted(os.listdir(folder))
def say(**words):
    print("SAID " + json.dumps(words), flush=True)
"""


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()

    def write(text):
        (folder / "train.py").write_text(SAY + text)
        return str(folder)

    return write


@pytest.fixture
def files(workspace, tmp_path):
    """A datastore with two files in a folder."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text("name\n1\n")
    store = workspace.get_default_datastore()
    store.upload(str(folder), "given/files", overwrite=True, show_progress=False)
    return store


@pytest.fixture
def submit(workspace):
    """Submits, waits, and returns the run and what its script said."""

    def submitted(config, **options):
        run = Experiment(workspace, "submission").submit(config, **options)
        run.wait_for_completion()
        return run, said(run)

    return submitted


def said(run, path="user_logs/std_log.txt"):
    text = run.get_details_with_logs()["logFiles"].get(path, "")
    lines = [line for line in text.splitlines() if line.startswith("SAID ")]
    return json.loads(lines[-1][5:]) if lines else None


def test_an_estimator_runs_with_parameters_and_data(submit, source, files):
    folder = source(
        "import argparse\n"
        "p = argparse.ArgumentParser()\n"
        "p.add_argument('--reg_rate', type=float)\n"
        "p.add_argument('--data_folder')\n"
        "p.add_argument('--verbose', action='store_true')\n"
        "a = p.parse_args()\n"
        "say(reg=a.reg_rate, files=below(a.data_folder), verbose=a.verbose)\n"
    )
    estimator = Estimator(
        source_directory=folder,
        entry_script="train.py",
        compute_target="local",
        script_params={
            "--reg_rate": 0.1,
            "--data_folder": files.path("given/files").as_download("training_data"),
            "--verbose": "",
        },
    )
    run, words = submit(estimator, tags={"kind": "estimator"}, display_name="first")
    assert words == {"reg": 0.1, "files": ["a.csv", "b.csv"], "verbose": True}
    assert (run.get_tags()["kind"], run.display_name) == ("estimator", "first")
    definition = run.get_details()["runDefinition"]
    assert definition["script"] == "train.py"
    assert definition["arguments"][:2] == ["--reg_rate", "0.1"]
    assert [one["mode"] for one in definition["dataReferences"].values()] == ["download"]
    _, words = submit(estimator, script_params={"--reg_rate": 0.5})
    assert words["reg"] == 0.5


def test_inputs_of_an_estimator_are_known_to_its_script(submit, source, files):
    folder = source(
        "from azureml.core import Run\n"
        "given = Run.get_context().input_datasets\n"
        "say(rows=len(given['table'].to_pandas_dataframe()), files=below(given['files']))\n"
    )
    table = Dataset.Tabular.from_delimited_files((files, "given/files/*.csv"))
    images = Dataset.File.from_files((files, "given/files/*.csv"))
    estimator = Estimator(
        source_directory=folder,
        entry_script="train.py",
        compute_target="local",
        inputs=[
            table.as_named_input("table"),
            images.as_named_input("files").as_download(path_on_compute="images"),
        ],
    )
    _, words = submit(estimator)
    assert words == {"rows": 2, "files": ["a.csv", "b.csv"]}


def test_what_submit_does_not_take_is_named(workspace, source):
    experiment = Experiment(workspace, "submission")
    config = ScriptRunConfig(source(""), "train.py")
    with pytest.raises(UserErrorException, match="no argument `node_count`"):
        experiment.submit(config, node_count=2)
    estimator = Estimator(source(""), entry_script="train.py", compute_target="local")
    with pytest.raises(TrainingException, match="`node_count` cannot be overruled"):
        experiment.submit(estimator, node_count=2)


def test_a_run_goes_on_from_what_another_left(submit, source, files):
    config = ScriptRunConfig(
        source("say(option=sys.argv[1], files=below(sys.argv[2]))"),
        "train.py",
        resume_from=DataPath(files, "given/files"),
    )
    _, words = submit(config)
    assert words == {"option": "--resume-from", "files": ["a.csv", "b.csv"]}


def test_a_command_of_words_knows_the_variables_of_the_run(submit, source):
    config = ScriptRunConfig(
        source("say(words=sys.argv[1:], level=os.environ['LEVEL'])"),
        command=["python", "train.py", "--rank", "$LEVEL", "a b", "&&", "python", "-V"],
    )
    config.run_config.environment_variables = {"LEVEL": "debug"}
    run, words = submit(config)
    assert words == {"words": ["--rank", "debug", "a b"], "level": "debug"}
    assert run.get_details()["runDefinition"]["command"].startswith("python train.py --rank")


def test_a_saved_configuration_is_submitted(submit, source, tmp_path):
    saved = RunConfiguration(script="train.py", arguments=["--a", 1])
    saved.environment_variables = {"LEVEL": "saved"}
    saved.save(str(tmp_path), "mine")
    loaded = RunConfiguration.load(str(tmp_path), "mine")
    folder = source("say(words=sys.argv[1:], level=os.environ['LEVEL'])")
    _, words = submit(ScriptRunConfig(folder, run_config=loaded))
    assert words == {"words": ["--a", "1"], "level": "saved"}


def test_c100_an_unknown_target_is_refused_before_anything_is_sent(workspace, source):
    config = ScriptRunConfig(source(""), "train.py", compute_target="absent-cluster")
    before = [run.id for run in Experiment(workspace, "submission").get_runs()]
    with pytest.raises(ComputeTargetException, match=r"absent-cluster.*\n?.*local"):
        Experiment(workspace, "submission").submit(config)
    assert [run.id for run in Experiment(workspace, "submission").get_runs()] == before


def test_a_target_that_was_deleted_meanwhile_is_named(workspace, source, submit):
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
    cluster = ComputeTarget.create(workspace, "short-lived", size)
    config = ScriptRunConfig(source("say(ran=1)"), "train.py", compute_target="short-lived")
    assert submit(config)[1] == {"ran": 1}
    cluster.delete()
    until(lambda: "short-lived" not in workspace.compute_targets)
    for _ in range(2):
        with pytest.raises(ComputeTargetException, match="short-lived"):
            Experiment(workspace, "submission").submit(config)


def test_a_run_on_a_cluster_says_why_it_waits(workspace, source, tmp_path, capsys):
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
    cluster = ComputeTarget.create(workspace, "one-node", size)
    cluster.wait_for_completion()
    experiment = Experiment(workspace, "submission")
    go = tmp_path / "go"
    folder = source("import time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)\n")
    first = experiment.submit(
        ScriptRunConfig(folder, "train.py", arguments=[go], compute_target=cluster)
    )
    until(lambda: first.get_status() == "Running")
    second = experiment.submit(
        ScriptRunConfig(folder, "train.py", arguments=[go], compute_target="one-node")
    )
    details = until(lambda: second.get_details().get("queueingInfo"))
    assert "a node of `one-node`" in details["message"]
    assert second.get_detailed_status()["details"] == details["message"]
    go.write_text("")
    second.wait_for_completion(show_output=True)
    assert second.get_details()["target"] == "one-node"
    assert "queueingInfo" not in second.get_details()
    assert "Execution Summary" in capsys.readouterr().out
    first.wait_for_completion()


def test_a_size_in_place_of_a_target_makes_a_cluster_once(workspace, submit, source):
    for nodes in (1, 2):
        estimator = Estimator(
            source("say(node=1)"), entry_script="train.py", vm_size="STANDARD_D2_V2"
        )
        estimator.run_config.amlcompute.cluster_max_node_count = nodes
        run, _ = submit(estimator)
        assert run.get_details()["target"] == "aml-d2-v2"
        # The program keeps what it made.
        assert estimator.run_config.target == "amlcompute"
        assert workspace.compute_targets["aml-d2-v2"].scale_settings.maximum_node_count == nodes


def test_a_distributed_run_is_several_processes(submit, source):
    config = ScriptRunConfig(
        source("say(rank=os.environ['RANK'], world=os.environ['WORLD_SIZE'])"),
        "train.py",
        distributed_job_config=PyTorchConfiguration("Gloo", process_count=2, node_count=1),
    )
    run, _ = submit(config)
    ranks = [said(run, f"user_logs/std_log_process_{rank}.txt") for rank in (0, 1)]
    assert ranks == [{"rank": "0", "world": "2"}, {"rank": "1", "world": "2"}]
