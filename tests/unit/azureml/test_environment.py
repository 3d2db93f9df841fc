import sys

import pytest
from azureml.core import Environment
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import DockerBuildContext, environment_spec
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


def test_c79_pip_options_that_are_not_taken_are_refused_by_name():
    environment = Environment("mine")
    dependencies = environment.python.conda_dependencies
    dependencies.set_pip_option("--extra-index-url https://a.test")
    assert environment_spec(environment).pip_options == ["--extra-index-url https://a.test"]
    dependencies.set_pip_option("--global-option=build_ext")
    with pytest.raises(UserErrorException, match="--global-option"):
        environment_spec(environment)


WHEEL = "http://127.0.0.1:1/api/v1/workspaces/w/wheels/mine-1.0%2Bx-py3-none-any.whl"


def test_addresses_of_private_wheels_become_wheels():
    environment = Environment("mine")
    dependencies = environment.python.conda_dependencies
    dependencies.set_pip_requirements(["six", f"{WHEEL}#sha256={'ab' * 32}"])
    spec = environment_spec(environment)
    assert (spec.pip_packages, spec.wheels) == (
        ["six"],
        {"mine-1.0+x-py3-none-any.whl": "ab" * 32},
    )
    dependencies.set_pip_requirements([WHEEL])
    with pytest.raises(UserErrorException, match="lacks what tells the wheel from others"):
        environment_spec(environment)


def test_images():
    plain = Environment("mine")
    plain.docker.base_image = "mcr.microsoft.com/azureml/base:1.0"
    assert environment_spec(plain).image is None
    own = Environment.from_docker_image("mine", "example.test/image:1")
    spec = environment_spec(own)
    assert (spec.interpreter, spec.image.name) == ("python", "example.test/image:1")
    written = Environment.from_dockerfile("mine", "FROM python:3.11\nRUN pip install six\n")
    assert environment_spec(written).image.dockerfile.startswith("FROM python:3.11")
    again = Environment("x").update(written.to_dict())
    assert environment_spec(again) == environment_spec(written)


def test_build_contexts_come_back():
    context = DockerBuildContext("blobs", "here", "Dockerfile")
    context.dockerfile, context.files = "FROM python:3.11", {"a.txt": "ab" * 32}
    environment = Environment.from_docker_build_context("mine", context)
    again = Environment("x").update(environment.to_dict())
    assert environment_spec(again).image == environment_spec(environment).image
    assert environment_spec(again).image.files == {"a.txt": "ab" * 32}
    empty = Environment.from_docker_build_context("mine", DockerBuildContext())
    with pytest.raises(UserErrorException, match="holds no Dockerfile"):
        environment_spec(empty)


def test_the_password_of_a_registry_is_written_nowhere():
    environment = Environment.from_docker_image("mine", "example.test/image:1")
    registry = environment.docker.base_image_registry
    registry.address, registry.username, registry.password = "example.test", "me", "secret"
    with pytest.raises(UserErrorException, match="is not kept yet"):
        environment_spec(environment)
    environment.docker.base_image, environment.docker.base_dockerfile = None, "FROM example"
    with pytest.raises(UserErrorException, match="is not kept yet"):
        environment_spec(environment)
    environment.docker.base_image, environment.docker.base_dockerfile = (
        "example.test/image:1",
        None,
    )
    registry.password_secret = "registry-1"  # noqa: S105 - the name of a secret
    assert "secret" not in str(environment).replace("registry-1", "").replace("passwordSecret", "")
    assert [environment_spec(environment).image.password_secret] == ["registry-1"]


def test_requirements_files(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# packages\nnumpy==1.26  # pinned\n\npandas\n")
    environment = Environment.from_pip_requirements("mine", str(file))
    assert environment_spec(environment).pip_packages == ["numpy==1.26", "pandas"]


def test_requirements_files_name_others(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text("-r c.txt\nidna \\\n  >=3\n")
    (tmp_path / "more" / "c.txt").write_text("--extra-index-url https://b.test # why\ncertifi\n")
    file = tmp_path / "requirements.txt"
    file.write_text("--extra-index-url https://a.test\n-r more/b.txt\nsix\n")
    spec = environment_spec(Environment.from_pip_requirements("mine", str(file)))
    assert spec.pip_packages == ["certifi", "idna    >=3", "six"]
    assert spec.pip_options == [
        "--extra-index-url https://a.test",
        "--extra-index-url https://b.test",
    ]
    (tmp_path / "more" / "c.txt").write_text("--requirement=b.txt\n")
    with pytest.raises(UserErrorException, match="names itself"):
        Environment.from_pip_requirements("mine", str(file))
    file.write_text("-r none.txt\n")
    with pytest.raises(UserErrorException, match=r"none\.txt` cannot be read"):
        Environment.from_pip_requirements("mine", str(file))


def test_odd_conda_files(tmp_path):
    (tmp_path / "requirements.txt").write_text("six\nidna\n")
    file = tmp_path / "environment.yml"
    file.write_text(
        "name: x\nprefix: /opt/x\nchannels: conda-forge\ndependencies:\n- python==3.9.*\n"
        "- [numpy, [scipy]]\n- pip\n- pip: -r requirements.txt\n- pip:\n  - [certifi]\n"
    )
    spec = environment_spec(Environment.from_conda_specification("mine", str(file)))
    assert (spec.conda_packages, spec.channels) == (["numpy", "scipy"], ["conda-forge"])
    assert spec.pip_packages == ["six", "idna", "certifi"]
    file.write_text("dependencies:\n- pip:\n  - numpy: 1.26\n")
    with pytest.raises(UserErrorException, match="two equal signs"):
        Environment.from_conda_specification("mine", str(file))


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
    monkeypatch.delenv("CONDA_EXE", raising=False)
    monkeypatch.delenv("MAMBA_EXE", raising=False)
    with pytest.raises(UserErrorException, match="neither conda"):
        Environment.from_existing_conda_environment("mine", "base")


@pytest.mark.parametrize(
    ("said", "reads"),
    [("dependencies:\n- six=1\n- pip:\n  - idna", True), ("channels: []", False)],
)
def test_conda_environments_are_read_by_the_conda_of_the_shell(monkeypatch, tmp_path, said, reads):
    conda = tmp_path / "micromamba"
    conda.write_text(f"#!/bin/sh\n[ $3 = --no-build ] && [ $4 = --prefix ] && echo '{said}'\n")
    conda.chmod(0o755)
    monkeypatch.setenv("CONDA_EXE", str(conda))
    if not reads:
        with pytest.raises(UserErrorException, match="has no packages"):
            Environment.from_existing_conda_environment("mine", "/envs/none")
        return
    environment = Environment.from_existing_conda_environment("mine", "/envs/mine")
    dependencies = environment.python.conda_dependencies
    assert list(dependencies.conda_packages) == ["six=1"]
    assert list(dependencies.pip_packages) == ["idna"]


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
    with pytest.raises(UserErrorException, match="no run configuration `local`"):
        RunConfiguration.load(str(tmp_path), "local")


def test_a_file_with_another_ending_keeps_its_name(tmp_path):
    file = tmp_path / "my.yml"
    file.write_text("script: a.py\n")
    saved = RunConfiguration(script="train.py")
    saved.save(str(file), separate_environment_yaml=True)
    assert {one.name for one in tmp_path.iterdir()} == {"my.yml", "my.yml_environment.yml"}
    assert RunConfiguration.load(str(file)).to_dict() == saved.to_dict()


def test_a_version_and_a_label_are_one_too_many():
    with pytest.raises(UserErrorException, match="Only one of `version` and `label`"):
        Environment.get(None, "mine", version="1", label="Latest")
