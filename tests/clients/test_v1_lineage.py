"""Which datasets a model came of and a run made, as v1 programs say and ask it."""

import sys

import pytest
from azureml.core import Dataset, Environment, Experiment, Model, ScriptRunConfig
from azureml.exceptions import UserErrorException


@pytest.fixture
def dataset(workspace, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a,b\n1,2\n")
    store = workspace.get_default_datastore()
    store.upload(str(tmp_path / "data"), target_path="model-data", overwrite=True)
    return Dataset.Tabular.from_delimited_files((store, "model-data/*.csv"))


def test_a_model_knows_its_datasets(workspace, model, dataset):
    registered = dataset.register(workspace, "of a model", create_new_version=True)
    assert model.datasets == {}

    model.add_dataset_references([(Dataset.Scenario.TRAINING, registered), ("check", dataset)])

    again = Model(workspace, id=model.id)
    assert [one.id for one in again.datasets[Dataset.Scenario.TRAINING]] == [registered.id]
    [kept] = again.datasets["check"]
    assert kept.name is None
    assert kept.to_pandas_dataframe().shape == (1, 2)
    found = Model.list(workspace, dataset_id=registered.id)
    assert model.id in [one.id for one in found]
    assert Model.list(workspace, dataset_id="none") == []


def test_datasets_are_given_when_a_model_is_registered(workspace, dataset, tmp_path):
    registered = dataset.register(workspace, "for registration", create_new_version=True)
    (tmp_path / "model.pkl").write_bytes(b"weights")
    model = Model.register(
        workspace,
        str(tmp_path / "model.pkl"),
        "with-data",
        datasets=[(Dataset.Scenario.TRAINING, registered)],
        sample_input_dataset=registered,
    )
    assert [one.version for one in model.datasets["training"]] == [registered.version]
    assert model.sample_input_dataset.id == registered.id
    assert model.sample_output_dataset is None

    run = Experiment(workspace, "with-data").start_logging(snapshot_directory=None)
    run.upload_file("outputs/model.pkl", str(tmp_path / "model.pkl"))
    of_run = run.register_model(
        "of-run", model_path="outputs/model.pkl", datasets=[("validation", registered)]
    )
    run.complete()
    assert [one.id for one in of_run.datasets["validation"]] == [registered.id]


@pytest.mark.parametrize("wrong", [["x"], [("training", "x")], [("a", "b", "c")]])
def test_what_is_no_pair_of_a_word_and_a_dataset_is_refused(model, wrong):
    with pytest.raises(UserErrorException):
        model.add_dataset_references(wrong)


SCRIPT = """
from azureml.core import Dataset, Run

workspace = Run.get_context().experiment.workspace
read = Dataset.get_by_name(workspace, "read by a run")
read.take(1).register(workspace, "made by a run", create_new_version=True)
read.register(workspace, "read by a run")
"""


def test_a_run_is_known_by_what_it_read_and_made(workspace, dataset, tmp_path):
    read = dataset.register(workspace, "read by a run", create_new_version=True)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "make.py").write_text(SCRIPT)
    environment = Environment("present")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    config = ScriptRunConfig(str(tmp_path / "src"), script="make.py", environment=environment)

    run = Experiment(workspace, "lineage").submit(config)
    run.wait_for_completion(raise_on_error=True)

    made = Dataset.get_by_name(workspace, "made by a run")
    details = run.get_details()
    [given] = details["inputDatasets"]
    [left] = details["outputDatasets"]
    assert given["dataset"].id == read.id
    assert given["consumptionDetails"]["type"] == "Reference"
    assert (left["dataset"].id, left["outputType"]) == (made.id, "Reference")
