from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from azureml.core import Environment, ScriptRunConfig
from azureml.core.runconfig import DockerConfiguration, RunConfiguration
from azureml.core.script_run_config import get_run_config_from_script_run
from azureml.data.datapath import DataPath
from azureml.exceptions import RunConfigurationException, UserErrorException


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text("print(1)\n")
    return tmp_path


def test_numbers_become_text(folder):
    config = ScriptRunConfig(
        str(folder), "train.py", arguments=["--reg", 0.1, 2, True, np.int64(3), Path("a")]
    )
    assert config.to_spec("s").arguments == ["--reg", "0.1", "2", "True", "3", "a"]


@pytest.mark.parametrize("bad", [[1], None, {"a": 1}, np.array([1, 2])], ids=repr)
def test_other_arguments_are_named(folder, bad):
    config = ScriptRunConfig(str(folder), "train.py", arguments=["--x", bad])
    with pytest.raises(UserErrorException, match=r"`arguments\[1\]`"):
        config.to_spec("s")


def test_c61_a_missing_folder_is_named(tmp_path):
    config = ScriptRunConfig(str(tmp_path / "absent"), "train.py")
    with pytest.raises(UserErrorException, match="absent` does not exist"):
        config.checked_source()


def test_c64_a_missing_script_names_both_paths(folder):
    with pytest.raises(UserErrorException) as error:
        ScriptRunConfig(str(folder), "absent.py").checked_source()
    assert "absent.py" in str(error.value)
    assert str(folder) in str(error.value)


def test_c66_a_script_outside_of_the_folder_is_refused(folder):
    (folder.parent / "outside.py").write_text("")
    config = ScriptRunConfig(str(folder), "../outside.py")
    with pytest.raises(UserErrorException, match="leads out"):
        config.checked_source()


@pytest.mark.parametrize("beside", [{"script": "train.py"}, {"arguments": ["--a"]}])
def test_a_command_says_it_all(folder, beside):
    with pytest.raises(UserErrorException, match=f"`{next(iter(beside))}` and `command`"):
        ScriptRunConfig(str(folder), command="echo", **beside)


def test_commands_and_variables(folder):
    environment = Environment("mine")
    environment.environment_variables = {"A": 1}
    spec = ScriptRunConfig(
        str(folder), command="echo $A", environment=environment, max_run_duration_seconds=5
    ).to_spec("s")
    assert spec.command == ["/bin/sh", "-c", "echo $A"]
    assert (spec.script, spec.max_seconds, spec.variables) == (None, 5, {"A": "1"})


def test_a_run_configuration_is_taken_over_and_left_alone(folder):
    base = RunConfiguration(arguments=["a"])
    config = ScriptRunConfig(
        str(folder), "train.py", run_config=base, environment=Environment("e")
    )
    assert config.to_spec("s").arguments == ["a"]
    assert base.environment.name is None


def test_a_script_overrules_the_command_of_a_run_configuration(folder):
    base = RunConfiguration(command="echo base")
    spec = ScriptRunConfig(str(folder), "train.py", run_config=base).to_spec("s")
    assert (spec.script, spec.command) == ("train.py", [])
    spec = ScriptRunConfig(str(folder), run_config=base).to_spec("s")
    assert (spec.script, spec.command) == (None, ["/bin/sh", "-c", "echo base"])


def test_a_limit_is_taken_as_it_was_given(folder):
    base = RunConfiguration()
    base.max_run_duration_seconds = 60

    def limit(value):
        config = ScriptRunConfig(
            str(folder), "train.py", run_config=base, max_run_duration_seconds=value
        )
        taken = get_run_config_from_script_run(config).max_run_duration_seconds
        return config.to_spec("s").max_seconds, taken

    assert limit(None) == (60, 60)
    assert limit(5) == (5, 5)
    assert limit(0.5)[0] == 1
    with pytest.raises(UserErrorException, match="positive number, not 0"):
        limit(0)


def test_variables_of_a_run_go_over_those_of_its_environment(folder):
    environment = Environment("mine")
    environment.environment_variables = {"A": "1", "B": "1"}
    config = ScriptRunConfig(str(folder), "train.py", environment=environment)
    config.run_config.environment_variables = {"B": 2}
    assert config.to_spec("s").variables == {"A": "1", "B": "2"}
    assert environment.environment_variables == {"A": "1", "B": "1"}


@pytest.mark.parametrize("target", ["cpu-cluster", SimpleNamespace(name="cpu-cluster")])
def test_a_target_is_a_name_or_an_object(folder, target):
    config = ScriptRunConfig(str(folder), "train.py", compute_target=target)
    assert config.to_spec("s").compute == "cpu-cluster"


def test_the_target_may_be_said_later(folder):
    config = ScriptRunConfig(str(folder), "train.py")
    config.run_config.target = "cpu-cluster"
    config.run_config.priority = 7
    spec = config.to_spec("s")
    assert (spec.compute, spec.priority) == ("cpu-cluster", 7)
    config.run_config.priority = "high"
    with pytest.raises(UserErrorException, match="`priority` must be a whole number"):
        config.to_spec("s")


def test_containers_are_asked_for_with_their_settings(folder):
    docker = DockerConfiguration(use_docker=True, arguments=["--cpus", "2"], shm_size="4g")
    spec = ScriptRunConfig(str(folder), "train.py", docker_runtime_config=docker).to_spec("s")
    assert spec.container is not None
    assert (spec.container.arguments, spec.container.shm_size) == (["--cpus", "2"], "4g")
    assert ScriptRunConfig(str(folder), "train.py").to_spec("s").container is None
    with pytest.raises(RunConfigurationException, match="must be a DockerConfiguration"):
        ScriptRunConfig(str(folder), "train.py", docker_runtime_config={"use_docker": True})


def test_an_environment_that_enables_containers_asks_for_them(folder):
    environment = Environment("mine")
    environment.docker.enabled = True
    spec = ScriptRunConfig(str(folder), "train.py", environment=environment).to_spec("s")
    assert spec.container is not None


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"script": "train.py"}, ["--resume-from", "$AZUREML_DATAREFERENCE_MODEL_LOCATION"]),
        (
            {"command": ["python", "train.py"]},
            ["python", "train.py", "--resume-from", "$AZUREML_DATAREFERENCE_MODEL_LOCATION"],
        ),
        (
            {"command": "python train.py"},
            [
                "/bin/sh",
                "-c",
                'python train.py --resume-from "$AZUREML_DATAREFERENCE_MODEL_LOCATION"',
            ],
        ),
    ],
    ids=["script", "words", "text"],
)
def test_a_run_goes_on_from_a_path(folder, how, words):
    place = DataPath(SimpleNamespace(name="store"), "checkpoints")
    spec = ScriptRunConfig(str(folder), resume_from=place, **how).to_spec("s")
    assert (spec.command or spec.arguments) == words
    (given,) = spec.inputs
    assert (given.name, given.datastore, given.path, given.mode) == (
        "MODEL_LOCATION",
        "store",
        "checkpoints",
        "mount",
    )


def test_what_is_no_path_to_go_on_from_is_refused(folder):
    with pytest.raises(UserErrorException, match="`resume_from` must be a DataPath"):
        ScriptRunConfig(str(folder), "train.py", resume_from="checkpoints")


def test_the_definition_has_the_keys_of_the_service(folder):
    config = ScriptRunConfig(str(folder), "train.py", arguments=["--a", 1])
    definition = config.to_spec("s").definition
    assert definition["script"] == "train.py"
    assert definition["arguments"] == ["--a", "1"]
    assert definition["target"] == "local"
    assert definition["nodeCount"] == 1
    assert definition["pyTorch"] == {
        "communicationBackend": "nccl",
        "processCount": None,
        "nodeCount": 1,
    }
    assert {"mpi", "tensorflow", "amlCompute", "parallelTask", "environment", "history"} <= {
        *definition
    }
