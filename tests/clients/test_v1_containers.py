"""Environments on images as v1 programs name them, really built and run in containers."""

from pathlib import Path

import pytest
from azureml.core import Environment, Experiment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.core.environment import DockerBuildContext
from azureml.core.runconfig import DockerConfiguration
from building import need_index
from containers import IMAGE, need_engine, tell
from live import LiveServer
from registry import NAME, PASSWORD, USER, registry

pytestmark = pytest.mark.timeout(240)
SCRIPT = "import os, sys; print('in', sys.executable, os.path.exists('/marked'))\n"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    engine = need_engine()
    need_index()
    if engine.kind != "podman":
        pytest.skip("the registry of these tests takes its image from Podman")
    with registry(engine, IMAGE, tmp_path_factory.mktemp("registry")) as found:
        yield found
        tell(engine, "rmi", "--force", f"{found}/{NAME}:3")


@pytest.fixture(scope="module")
def server(address, tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    trusted = folder / "registries.conf"
    trusted.write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    told = {"CONTAINERS_REGISTRIES_CONF": str(trusted), "ZAFFRE_BASE_IMAGE": IMAGE}
    with LiveServer(folder / "home", environ=told) as live:
        yield live


@pytest.fixture
def ran(workspace, tmp_path):
    """Runs the script in an environment and gives what it printed."""

    def run(environment, **settings):
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / "train.py").write_text(SCRIPT)
        config = ScriptRunConfig(
            str(tmp_path / "src"), script="train.py", environment=environment, **settings
        )
        found = Experiment(workspace, "images").submit(config)
        found.wait_for_completion()
        return found.get_all_logs(str(tmp_path / "logs")), found

    def printed(environment, **settings):
        files, found = run(environment, **settings)
        assert found.get_status() == "Completed"
        log = next(file for file in files if Path(file).name == "std_log.txt")
        return Path(log).read_text()

    return printed


def test_an_image_of_a_registry_with_a_password(workspace, address, ran):
    place = ContainerRegistry()
    place.address, place.username, place.password = address, USER, PASSWORD
    environment = Environment.from_docker_image(
        "private", f"{NAME}:3", container_registry=place
    ).register(workspace)
    assert PASSWORD not in str(environment)
    assert "in /usr/bin/python3" in ran(Environment.get(workspace, "private"))


def test_an_image_with_packages(ran):
    environment = Environment("packages")
    environment.docker.base_image = IMAGE
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["six"])
    assert "in /opt/zaffre/environment/bin/python" in ran(environment)


def test_a_dockerfile_as_text(ran):
    environment = Environment.from_dockerfile("text", f"FROM {IMAGE}\nRUN touch /marked\n")
    assert "/usr/bin/python3" in (said := ran(environment))
    assert said.endswith("True\n")


def test_a_folder_with_a_dockerfile(workspace, ran, tmp_path):
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY mark /marked\n")
    (tmp_path / "context" / "mark").write_text("here")
    context = DockerBuildContext.from_local_directory(workspace, str(tmp_path / "context"))
    environment = Environment.from_docker_build_context("folder", context)
    assert ran(environment).endswith("True\n")


def test_a_container_without_an_image_is_of_the_image_of_the_server(ran):
    environment = Environment("plain")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["six"])
    docker = DockerConfiguration(use_docker=True, shm_size="64m")
    assert "in /opt/zaffre/environment" in ran(environment, docker_runtime_config=docker)
    assert "in /opt/zaffre/environment" not in ran(environment)


def test_an_environment_that_enables_containers_itself(ran):
    environment = Environment("enabled")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["six"])
    environment.docker.enabled = True
    environment.docker.arguments = ["--env", "IGNORED=no"]
    assert "in /opt/zaffre/environment" in ran(environment)


def test_a_build_ahead_says_which_image_it_made(workspace):
    environment = Environment.from_dockerfile("ahead", f"FROM {IMAGE}\nRUN touch /ahead\n")
    environment.register(workspace)
    build = environment.build(workspace)
    build.wait_for_completion(show_output=False)
    assert build.status == "Succeeded"
    details = environment.get_image_details(workspace)
    assert details.image is not None
    assert details.image.startswith("localhost/zaffre-environment:")
    assert tell(need_engine(), "image", "inspect", details.image)
