import sys

import pytest
from azureml.core import Environment
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import environment_spec
from azureml.core.runconfig import RunConfiguration
from azureml.exceptions import UserErrorException


def test_a_folder_gives_back_what_was_saved(tmp_path):
    saved = Environment("mine")
    saved.environment_variables = {"A": "1"}
    saved.docker.shm_size = "2g"
    saved.python.conda_dependencies = CondaDependencies.create(conda_packages=["numpy"])
    saved.save_to_directory(str(tmp_path / "env"))
    loaded = Environment.load_from_directory(str(tmp_path / "env"))
    assert loaded.to_dict() == saved.to_dict()
    with pytest.raises(UserErrorException, match="overwrite=True"):
        saved.save_to_directory(str(tmp_path / "env"))
    saved.save_to_directory(str(tmp_path / "env"), overwrite=True)


def test_nothing_said_is_the_interpreter_that_submits():
    assert environment_spec(RunConfiguration().environment).interpreter == sys.executable
    managed = Environment("mine")
    managed.python.user_managed_dependencies = True
    assert environment_spec(managed).interpreter == sys.executable
    managed.python.interpreter_path = "/usr/bin/python3"
    assert environment_spec(managed).interpreter == "/usr/bin/python3"


def test_a_named_environment_is_built():
    named = environment_spec(Environment("mine"))
    assert named.interpreter is None
    assert named.pip_packages == ["azureml-defaults"]


def test_packages_of_a_nameless_environment_are_built():
    configuration = RunConfiguration(
        conda_dependencies=CondaDependencies.create(conda_packages=["numpy", "pip"])
    )
    spec = environment_spec(configuration.environment)
    assert (spec.interpreter, spec.conda_packages) == (None, ["numpy"])


def test_c79_pip_options_are_refused_by_name():
    environment = Environment("mine")
    environment.python.conda_dependencies.set_pip_option("--extra-index-url https://a.test")
    with pytest.raises(UserErrorException, match="--extra-index-url"):
        environment_spec(environment)


def test_requirements_files(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# packages\nnumpy==1.26  # pinned\n\npandas\n")
    environment = Environment.from_pip_requirements("mine", str(file))
    assert environment_spec(environment).pip_packages == ["numpy==1.26", "pandas"]


def test_conda_files(tmp_path):
    file = tmp_path / "environment.yml"
    file.write_text("name: x\ndependencies:\n- python=3.9\n- numpy\n- pip:\n  - a\n")
    spec = environment_spec(Environment.from_conda_specification("mine", str(file)))
    assert (spec.python_version, spec.conda_packages, spec.pip_packages) == (
        "3.9",
        ["numpy"],
        ["a"],
    )


def test_a_clone_is_independent():
    environment = Environment("mine")
    copy = environment.clone("other")
    copy.python.conda_dependencies.add_pip_package("x")
    assert copy.name == "other"
    assert environment.python.conda_dependencies.pip_packages == ["azureml-defaults"]


def test_conda_environments_need_conda(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserErrorException, match="neither conda"):
        Environment.from_existing_conda_environment("mine", "base")


def test_variables_must_be_text():
    environment = Environment("mine")
    environment.environment_variables = {"A": ["x"]}
    with pytest.raises(UserErrorException, match="`A` is"):
        environment_spec(environment)


@pytest.mark.parametrize("separate", [False, True])
def test_run_configurations_come_back(tmp_path, separate):
    saved = RunConfiguration(script="train.py", arguments=["--a", 1])
    saved.environment = Environment("mine")
    saved.environment.environment_variables = {"A": "1"}
    saved.history.output_collection = False
    saved.save(str(tmp_path), "local", separate_environment_yaml=separate)
    loaded = RunConfiguration.load(str(tmp_path), "local")
    assert loaded.to_dict() == saved.to_dict()
    RunConfiguration.delete(str(tmp_path), "local")
    with pytest.raises(UserErrorException, match="cannot be read"):
        RunConfiguration.load(str(tmp_path), "local")


def test_a_file_with_another_ending_keeps_its_name(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("script: a.py\n")
    saved = RunConfiguration(script="train.py")
    saved.save(str(file), separate_environment_yaml=True)
    assert {one.name for one in tmp_path.iterdir()} == {"my.yml", "my.yml_environment.yml"}
    assert RunConfiguration.load(str(file)).to_dict() == saved.to_dict()


@pytest.mark.parametrize(("version", "label"), [(None, "stable"), ("1", "Latest")])
def test_a_label_that_is_none_is_refused(version, label):
    with pytest.raises(UserErrorException, match="`Latest`"):
        Environment.get(None, "mine", version=version, label=label)
