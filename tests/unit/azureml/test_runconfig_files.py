"""Files of run configurations, as v1 and people write them."""

from types import SimpleNamespace

import pytest
import yaml
from azureml.core import Environment, RunConfiguration
from azureml.core.runconfig import MpiConfiguration
from azureml.data import OutputFileDatasetConfig
from azureml.data.data_reference import DataReference
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.exceptions import UserErrorException

GENUINE = """
script: train.py
arguments:
- --a
- 1
target: cpu-cluster
framework: Python
communicator: IntelMpi
maxRunDurationSeconds: 600
nodeCount: 2
priority: 5
environment:
  name: training
  version:
  environmentVariables:
    EXAMPLE_ENV_VAR: EXAMPLE_VALUE
  python:
    userManagedDependencies: false
    interpreterPath: python
    condaDependenciesFile: .azureml/conda_dependencies.yml
    baseCondaEnvironment:
  docker:
    enabled: false
    baseImage: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1
    baseDockerfile:
    buildContext:
    arguments: []
    baseImageRegistry:
  spark:
  databricks:
    mavenLibraries: []
  r:
  inferencingStackVersion:
  assetId:
history:
  outputCollection: true
  directoriesToWatch:
  - logs
spark:
docker:
  useDocker: true
  sharedVolumes: true
  arguments: []
  shmSize: 4g
mpi:
  processCountPerNode: 2
  nodeCount: 2
paralleltask:
  maxRetriesPerWorker: 3
dataReferences: {}
data: {}
datacaches: []
outputData:
amlcompute:
  vmSize: STANDARD_D2_V2
  clusterMaxNodeCount: 4
kubernetescompute:
  instanceType:
command: ''
environmentVariables:
  LEVEL: debug
applicationEndpoints: {}
"""
PACKAGES = "dependencies:\n- python=3.11\n- pip:\n  - azureml-defaults\n  - lightgbm\n"


@pytest.fixture
def genuine(tmp_path):
    folder = tmp_path / ".azureml"
    folder.mkdir()
    (folder / "cluster").write_text(GENUINE)
    (folder / "conda_dependencies.yml").write_text(PACKAGES)
    return tmp_path


def test_a_file_of_v1_is_read_whole(genuine):
    loaded = RunConfiguration.load(str(genuine), "cluster")
    assert (loaded.script, loaded.arguments, loaded.target) == (
        "train.py",
        ["--a", 1],
        "cpu-cluster",
    )
    assert (loaded.node_count, loaded.priority, loaded.max_run_duration_seconds) == (2, 5, 600)
    assert loaded.mpi == MpiConfiguration(2, 2)
    assert loaded.environment.python.conda_dependencies.pip_packages == [
        "azureml-defaults",
        "lightgbm",
    ]
    assert loaded.environment.docker.base_image_registry.address is None
    assert (loaded.docker.use_docker, loaded.docker.shm_size) == (True, "4g")
    assert loaded.environment_variables == {"LEVEL": "debug"}
    assert loaded.paralleltask.max_retries_per_worker == 3
    assert (loaded.amlcompute.vm_size, loaded.amlcompute.cluster_max_node_count) == (
        "STANDARD_D2_V2",
        4,
    )


def test_an_environment_of_its_own_file_is_found_from_the_project(genuine):
    content = yaml.safe_load(GENUINE)
    (genuine / ".azureml" / "environment.yml").write_text(yaml.safe_dump(content["environment"]))
    content["environment"] = ".azureml/environment.yml"
    (genuine / ".azureml" / "apart.runconfig").write_text(yaml.safe_dump(content))
    loaded = RunConfiguration.load(str(genuine), "apart")
    assert loaded.environment.name == "training"
    assert "lightgbm" in loaded.environment.python.conda_dependencies.pip_packages


@pytest.mark.parametrize("place", [".azureml/mine.runconfig", "aml_config/mine", "mine.runconfig"])
def test_files_are_found_where_v1_looks(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("script: found.py\ntarget:\n")
    loaded = RunConfiguration.load(".", "mine")
    assert (loaded.script, loaded.target) == ("found.py", "local")


def test_a_file_of_packages_that_is_not_there_is_named(genuine):
    (genuine / ".azureml" / "conda_dependencies.yml").unlink()
    with pytest.raises(UserErrorException, match=r"names the file `\.azureml/conda_dependencies"):
        RunConfiguration.load(str(genuine), "cluster")


def test_everything_comes_back(tmp_path):
    saved = RunConfiguration(script="train.py", arguments=["--a", 1])
    saved.environment = Environment("mine")
    saved.environment.python.conda_dependencies.add_pip_package("lightgbm")
    saved.environment_variables = {"A": "1"}
    saved.communicator, saved.node_count, saved.mpi = "OpenMpi", 2, MpiConfiguration(2, 2)
    saved.docker.arguments = ["--cpus", "2"]
    saved.save(str(tmp_path), "all")
    loaded = RunConfiguration.load(str(tmp_path), "all")
    assert loaded == saved
    assert loaded != RunConfiguration()
    loaded.script = "other.py"
    loaded.save()  # to where it was read from
    assert RunConfiguration.load(str(tmp_path), "all").script == "other.py"


def test_data_is_written_as_what_stands_for_it(tmp_path):
    saved = RunConfiguration(script="train.py")
    files = DatasetConsumptionConfig("files", (None, "images", 2), mode="mount")
    reference = DataReference(SimpleNamespace(name="store"), "ref", "a/b")
    output = OutputFileDatasetConfig("out")
    saved.arguments = ["--data", files, reference, output]
    saved.data["files"] = files
    saved.data_references["ref"] = reference
    saved.output_data["out"] = output
    saved.save(str(tmp_path), "data")
    loaded = RunConfiguration.load(str(tmp_path), "data")
    assert loaded.arguments == [
        "--data",
        "DatasetConsumptionConfig:files",
        "$AZUREML_DATAREFERENCE_ref",
        "DatasetOutputConfig:out",
    ]
    assert loaded.data["files"].data_location.dataset.name == "images"
    assert loaded.data_references["ref"] == reference.to_config()
    assert loaded.output_data["out"].mechanism == "mount"
