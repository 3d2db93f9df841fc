"""What is known of the past of runs: datasets they read, models that earlier releases logged."""

import json

import pytest
from protocol.mlflow.conftest import Mlflow

DENIED = (400, "INVALID_PARAMETER_VALUE")
MODEL = {
    "run_id": "r",
    "artifact_path": "model",
    "utc_time_created": "2026-01-02 03:04:05",
    "model_uuid": "u",
    "flavors": {"python_function": {"loader_module": "x", "config": {"a": 1}}, "odd": "text"},
    "signature": {},
}


def reads(mlflow: Mlflow, run_id: str, name: str, **tags: str) -> None:
    dataset = {"name": name, "digest": "1", "source_type": "local", "source": "{}"}
    pairs = [{"key": f"mlflow.data.{key}", "value": value} for key, value in tags.items()]
    body = {"run_id": run_id, "datasets": [{"dataset": dataset, "tags": pairs}]}
    mlflow.done("POST", "runs/log-inputs", body)


def read_in(mlflow: Mlflow, *experiment_ids: str) -> list[dict]:
    body = {"experiment_ids": list(experiment_ids)}
    path = "/ajax-api/2.0/mlflow/experiments/search-datasets"
    return mlflow.done("POST", path, body)["dataset_summaries"]


def test_datasets_of_experiments_are_listed_once(mlflow: Mlflow):
    other = mlflow.done("POST", "experiments/create", {"name": "other"})["experiment_id"]
    body = {"experiment_id": other, "start_time": 1}
    elsewhere = mlflow.done("POST", "runs/create", body)["run"]["info"]["run_id"]
    for _ in range(2):
        reads(mlflow, mlflow.run(), "iris", context="training")
    reads(mlflow, mlflow.run(), "iris")
    reads(mlflow, elsewhere, "wine", other="x")

    iris = {"experiment_id": "0", "name": "iris", "digest": "1"}
    wine = {"experiment_id": other, "name": "wine", "digest": "1"}
    assert read_in(mlflow, "0") == [iris, iris | {"context": "training"}]
    assert read_in(mlflow, other, "absent") == [wine]
    assert read_in(mlflow, "0", other) == [iris, iris | {"context": "training"}, wine]
    mlflow.workspace("b")
    path = "experiments/search-datasets"
    seen = mlflow.done("POST", path, {"experiment_ids": [other]}, workspace="b")
    assert seen == {"dataset_summaries": []}


@pytest.mark.parametrize("ids", [[], [str(number) for number in range(21)]])
def test_a52_datasets_of_one_to_twenty_experiments(mlflow: Mlflow, ids: list[str]):
    body = {"experiment_ids": ids}
    assert mlflow.refused("POST", "experiments/search-datasets", body) == DENIED


def test_models_of_earlier_releases_are_a_list_in_a_tag(mlflow: Mlflow):
    run_id = mlflow.run()
    for path in ("a", "b"):
        body = {"run_id": run_id, "model_json": json.dumps(MODEL | {"artifact_path": path})}
        mlflow.done("POST", "runs/log-model", body)
    run = mlflow.done("GET", "runs/get", {"run_id": run_id})["run"]
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    first, second = json.loads(tags["mlflow.log-model.history"])
    assert (first["artifact_path"], second["artifact_path"]) == ("a", "b")
    assert first["flavors"] == {"python_function": {"loader_module": "x"}, "odd": "text"}
    assert set(first) == {"run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors"}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[" * 100_000])
def test_models_that_say_too_little_are_refused(mlflow: Mlflow, text: str):
    body = {"run_id": mlflow.run(), "model_json": text}
    assert mlflow.refused("POST", "runs/log-model", body) == DENIED


def test_a_list_that_a_program_spoilt_begins_anew(mlflow: Mlflow):
    run_id = mlflow.run()
    tag = {"run_id": run_id, "key": "mlflow.log-model.history", "value": "{"}
    mlflow.done("POST", "runs/set-tag", tag)
    body = {"run_id": run_id, "model_json": json.dumps(MODEL)}
    mlflow.done("POST", "runs/log-model", body)
    mlflow.done("POST", "runs/delete", {"run_id": run_id})
    assert mlflow.refused("POST", "runs/log-model", body) == DENIED
