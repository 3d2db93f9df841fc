"""Estimators, as far as no server is needed."""

import sys
from types import SimpleNamespace

import azureml.core
import pytest
from azureml.core import Environment
from azureml.core.container_registry import ContainerRegistry
from azureml.core.runconfig import MpiConfiguration, RunConfiguration
from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.exceptions import TrainingException, UserErrorException
from azureml.train.dnn import Chainer, PyTorch, TensorFlow
from azureml.train.estimator import (
    Estimator,
    Gloo,
    MMLBaseEstimator,
    MMLBaseEstimatorRunConfig,
    Mpi,
    Nccl,
    ParameterServer,
)
from azureml.train.sklearn import SKLearn
from zaffre_sdk.wire.runs import Distribution

STORE = SimpleNamespace(name="store")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text("")
    (tmp_path / "requirements.txt").write_text("lightgbm==4.6.0\n--pre\n")
    (tmp_path / "conda.yml").write_text("dependencies:\n- python=3.11\n- pip:\n  - xgboost\n")
    return tmp_path


@pytest.fixture
def make(folder):
    """Returns an estimator of a class, and what it asks the server for."""

    def made(kind=Estimator, **settings):
        settings = {"compute_target": "local", "entry_script": "train.py", **settings}
        return kind(str(folder), **settings)

    return made


def spec_of(estimator, **overruled):
    return estimator._to_script_run_config(**overruled).to_spec("s")


def pip(estimator):
    return estimator.conda_dependencies.pip_packages


def test_left_alone_it_runs_with_the_interpreter_that_submits(make):
    spec = spec_of(make())
    assert (spec.script, spec.compute, spec.arguments) == ("train.py", "local", [])
    assert spec.environment.interpreter == sys.executable


def test_it_is_found_where_notes_look_for_it():
    assert azureml.core.Estimator is Estimator


def test_parameters_become_arguments(make):
    reference = DataReference(STORE, "ref", "data/files").as_download("here")
    files = DatasetConsumptionConfig("files", (None, "images"), mode="mount")
    estimator = make(
        script_params={
            "--reg": 0.1,
            "--flag": "",
            "--gone": None,
            "--data": reference,
            "--files": files,
        }
    )
    spec = spec_of(estimator)
    assert spec.arguments == [
        "--reg",
        "0.1",
        "--flag",
        "--gone",
        "--data",
        "$AZUREML_DATAREFERENCE_ref",
        "--files",
        "DatasetConsumptionConfig:files",
    ]
    assert {one.name: one.mode for one in spec.inputs} == {"ref": "download", "files": "mount"}


def test_parameters_may_be_overruled_for_one_run(make):
    estimator = make(script_params={"--reg": 0.1, "--steps": 5})
    assert spec_of(estimator, script_params={"--reg": 0.5}).arguments == [
        "--reg",
        "0.5",
        "--steps",
        "5",
    ]
    assert spec_of(estimator).arguments == ["--reg", "0.1", "--steps", "5"]
    with pytest.raises(TrainingException, match="`node_count` cannot be overruled"):
        spec_of(estimator, node_count=2)


def test_inputs_come_beside_parameters(make):
    table = DatasetConsumptionConfig("table", (None, "images"), mode="mount")
    reference = DataReference(STORE, "ref", "a")
    spec = spec_of(make(inputs=[table, reference]))
    assert [one.name for one in spec.inputs] == ["table", "ref"]
    with pytest.raises(UserErrorException, match="`inputs` holds 'table'"):
        make(inputs=["table"])


def test_packages_make_an_environment(make):
    estimator = make(
        conda_packages=["scikit-learn=1.5"],
        pip_packages=["azureml-sdk"],
        pip_requirements_file="requirements.txt",
        environment_variables={"A": 1},
    )
    assert pip(estimator) == ["azureml-defaults", "lightgbm==4.6.0", "azureml-sdk"]
    assert estimator.conda_dependencies.pip_options == ["--pre"]
    assert "scikit-learn=1.5" in estimator.conda_dependencies.conda_packages
    assert make(conda_dependencies_file_path="conda.yml").conda_dependencies.pip_packages == [
        "xgboost"
    ]


def test_an_environment_takes_the_place_of_packages(make):
    environment = Environment("mine")
    environment.environment_variables = {"A": "1"}
    spec = spec_of(make(environment_definition=environment))
    assert (spec.environment_name, spec.variables) == ("mine", {"A": "1"})


def test_images_are_named_for_containers(make):
    registry = ContainerRegistry()
    registry.address = "example.org"
    estimator = make(
        custom_docker_base_image="mine:1", image_registry_details=registry, shm_size="4g"
    )
    docker = estimator.run_config.environment.docker
    assert (docker.base_image, docker.base_image_registry.address) == ("mine:1", "example.org")
    assert (estimator.run_config.docker.use_docker, estimator.run_config.docker.shm_size) == (
        True,
        "4g",
    )


def test_a_run_goes_on_from_a_path(make):
    spec = spec_of(make(resume_from=DataPath(STORE, "checkpoints")))
    assert spec.arguments == ["--resume-from", "$AZUREML_DATAREFERENCE_MODEL_LOCATION"]
    assert spec.inputs[0].path == "checkpoints"


def test_what_is_changed_of_it_counts(make):
    estimator = make(max_run_duration_seconds=60)
    estimator.run_config.target = "cpu-cluster"
    estimator.conda_dependencies.add_pip_package("lightgbm")
    spec = spec_of(estimator)
    assert (spec.compute, spec.max_seconds) == ("cpu-cluster", 60)
    assert "lightgbm" in spec.environment.pip_packages


@pytest.mark.parametrize(
    ("kind", "training", "nodes", "distribution"),
    [
        (Estimator, Mpi(2), 2, Distribution(kind="mpi", process_count_per_node=2)),
        (Chainer, Mpi(), 1, Distribution(kind="mpi", process_count_per_node=1)),
        (
            TensorFlow,
            ParameterServer(2, 1),
            1,
            Distribution(kind="tensorflow", worker_count=2, parameter_server_count=1),
        ),
        (PyTorch, Gloo(), 2, Distribution(kind="pytorch", process_count=2, backend="gloo")),
        (PyTorch, Nccl(), 2, Distribution(kind="pytorch", process_count=2, backend="nccl")),
        (
            Estimator,
            MpiConfiguration(3, 2),
            2,
            Distribution(kind="mpi", process_count_per_node=3),
        ),
    ],
)
def test_distributed_runs(make, kind, training, nodes, distribution):
    spec = spec_of(make(kind, node_count=nodes, distributed_training=training))
    assert (spec.node_count, spec.distribution) == (nodes, distribution)


def test_the_older_way_to_ask_for_them(make):
    spec = spec_of(make(node_count=2, process_count_per_node=2, distributed_backend="mpi"))
    assert spec.distribution == Distribution(kind="mpi", process_count_per_node=2)
    spec = spec_of(
        make(TensorFlow, worker_count=2, parameter_server_count=2, distributed_backend="ps")
    )
    assert spec.distribution == Distribution(
        kind="tensorflow", worker_count=2, parameter_server_count=2
    )


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (Estimator, {"node_count": 2}, "`distributed_training` must be given"),
        (Estimator, {"distributed_backend": "spark"}, "has `mpi`, `ps`, `gloo`, `nccl`"),
        (Estimator, {"distributed_training": "mpi"}, "`distributed_training` must be Mpi"),
        (Chainer, {"distributed_training": Nccl()}, "no distributed runs of Nccl"),
        (Estimator, {"compute_target": None}, "Either `compute_target` or `vm_size`"),
        (Estimator, {"script_params": ["--a"]}, "`script_params` must be a dictionary"),
        (
            Estimator,
            {"environment_definition": Environment("e"), "pip_packages": ["a"]},
            "`environment_definition` and `pip_packages`",
        ),
        (
            Estimator,
            {"conda_dependencies_file": "conda.yml", "conda_packages": ["a"]},
            "`conda_dependencies_file` and `conda_packages`",
        ),
        (
            Estimator,
            {"user_managed": True, "pip_packages": ["a"]},
            "`user_managed` and `pip_packages`",
        ),
        (Estimator, {"use_docker": False, "custom_docker_image": "a"}, "exclude another"),
        (Estimator, {"environment_definition": "mine"}, "must be an Environment, not 'mine'"),
        (SKLearn, {"framework_version": "0.1"}, "SKLearn 0.1 is not supported.*0.20.3"),
    ],
)
def test_what_does_not_go_together_is_named(make, kind, settings, words):
    with pytest.raises(TrainingException, match=words):
        make(kind, **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pip_requirements_file": "absent.txt"}, "`absent.txt` is not in the `source_directory`"),
        ({"entry_script": None}, "`entry_script` must name a file"),
        ({"entry_script": "train.ipynb"}, "is the notebook `train.ipynb`"),
        ({"resume_from": "there"}, "`resume_from` must be a DataPath"),
    ],
)
def test_files_that_are_not_there_are_named(make, settings, words):
    with pytest.raises(UserErrorException, match=words):
        spec_of(make(**settings))


def test_a_framework_without_version_is_the_one_that_submits(make):
    import sklearn  # noqa: PLC0415 - slow to load

    estimator = make(SKLearn)
    assert pip(estimator) == ["azureml-defaults", "scikit-learn", "joblib", "scipy"]
    assert estimator.framework_version == sklearn.__version__
    assert (
        f"scikit-learn=={sklearn.__version__}" in spec_of(estimator).environment.preferred_packages
    )


def test_a_version_of_v1_is_replaced_by_the_closest_and_said(make, capfd):
    estimator = make(
        SKLearn, framework_version="0.20.3", conda_packages=["python=3.11"], pip_packages=["numpy"]
    )
    assert pip(estimator) == [
        "azureml-defaults",
        "numpy",
        "scikit-learn==1.1.3",
        "scipy<1.12",
        "joblib",
    ]
    assert estimator.framework_version == "0.20.3"
    assert "`scikit-learn==1.1.3` takes its place" in capfd.readouterr().err


def test_ones_own_version_of_a_framework_stays(make):
    estimator = make(PyTorch, pip_packages=["torch==2.1.0"])
    assert pip(estimator) == ["azureml-defaults", "torch==2.1.0", "torchvision"]


def test_a_python_without_the_framework_is_replaced(make):
    estimator = make(Chainer, framework_version="7.0.0", conda_packages=["python=3.13"])
    assert estimator.conda_dependencies.get_python_version() == "3.11"
    assert "chainer==7.8.1" in pip(estimator)


@pytest.mark.parametrize("kind", [SKLearn, PyTorch, TensorFlow, Chainer])
def test_every_version_has_a_release_for_every_python(kind):
    framework = kind._FRAMEWORK
    assert kind.DEFAULT_VERSION in kind.get_supported_versions()
    assert {*framework.asked_in_v1} <= {*kind.get_supported_versions()}
    for python, releases in framework.releases.items():
        for version in kind.get_supported_versions():
            assert framework.closest(version, python) in releases


def test_run_configurations_of_estimators():
    made = MMLBaseEstimatorRunConfig("local", entry_script="train.py", script_params={"--a": 1})
    assert isinstance(made, RunConfiguration)
    assert (made.script, made.arguments, made.target) == ("train.py", ["--a", 1], "local")
    plain = MMLBaseEstimator("folder", compute_target="cpu")
    assert (plain.source_directory, plain.run_config.target) == ("folder", "cpu")
