from pathlib import Path

import numpy as np
import pytest
from azureml.core import Environment, ScriptRunConfig
from azureml.core.runconfig import MpiConfiguration, RunConfiguration
from azureml.core.script_run_config import get_run_config_from_script_run
from azureml.exceptions import ComputeTargetException, UserErrorException


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


def test_c100_an_unknown_target_lists_what_exists(folder):
    config = ScriptRunConfig(str(folder), "train.py", compute_target="cpu-cluster")
    with pytest.raises(ComputeTargetException, match="`cpu-cluster`; what exists: `local`"):
        config.to_spec("s")


def test_distributed_runs_are_refused_by_name(folder):
    with pytest.raises(UserErrorException, match="MpiConfiguration on 2 node"):
        ScriptRunConfig(
            str(folder), "train.py", distributed_job_config=MpiConfiguration(node_count=2)
        )


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
