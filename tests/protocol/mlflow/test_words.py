"""Messages: programs look for some of their words, and people for the value that was refused."""

import pytest
from protocol.mlflow.conftest import Mlflow


def words(mlflow: Mlflow, method: str, path: str, body: object = None) -> str:
    reply = mlflow.ask(method, path, body)
    assert reply.status >= 400, reply.body
    return reply.json["message"]


def test_what_is_absent_is_said_with_its_id(mlflow: Mlflow):
    assert words(mlflow, "GET", "runs/get", {"run_id": "r%{}"}).startswith(
        "Run with id=r%{} not found."
    )
    absent = words(mlflow, "GET", "experiments/get", {"experiment_id": "77"})
    assert absent.startswith("No Experiment with id=77 exists.")
    absent = words(mlflow, "GET", "experiments/get-by-name", {"experiment_name": "x"})
    assert absent.startswith("Could not find experiment with name `x`.")
    absent = words(mlflow, "GET", "logged-models/m-1")
    assert absent.startswith("Logged model with ID 'm-1' not found.")


def test_what_is_there_already_is_said_with_its_name(mlflow: Mlflow):
    made = mlflow.done("POST", "experiments/create", {"name": "train"})["experiment_id"]
    taken = "Experiment(name=train) already exists."
    said = words(mlflow, "POST", "experiments/create", {"name": "train"})
    assert said.startswith(taken)
    assert "deleted" not in said
    mlflow.done("POST", "experiments/delete", {"experiment_id": made})
    said = words(mlflow, "POST", "experiments/create", {"name": "train"})
    assert said.startswith(taken)
    assert f"in deleted state: restore `{made}`" in said


def test_a_tag_that_is_not_there_is_said_as_it_was_sent(mlflow: Mlflow):
    run = {"run_id": mlflow.run(), "key": "a{0}"}
    said = words(mlflow, "POST", "runs/delete-tag", run)
    assert said.startswith("No tag with name: a{0}.")
    experiment = {"experiment_id": "0", "key": "a{0}"}
    said = words(mlflow, "POST", "experiments/delete-experiment-tag", experiment)
    assert said.startswith("No tag with name: a{0}.")


def test_a_deleted_run_is_said_to_be_deleted(mlflow: Mlflow):
    run_id = mlflow.run()
    mlflow.done("POST", "runs/delete", {"run_id": run_id})
    said = words(mlflow, "POST", "runs/set-tag", {"run_id": run_id, "key": "a", "value": "b"})
    assert said.startswith(f"The run {run_id} must be in the 'active' state.")


def test_a_message_is_not_as_long_as_what_was_sent(mlflow: Mlflow):
    assert len(words(mlflow, "GET", "runs/get", {"run_id": "x" * 10_000})) < 1000
    long = {"run_id": ["x" * 10_000], "key": "a", "value": "b"}
    assert len(words(mlflow, "POST", "runs/set-tag", long)) < 1000


@pytest.mark.parametrize(
    ("path", "body", "start"),
    [
        ("runs/log-parameter", {"run_id": 31, "key": "a"}, "Invalid value 31 for parameter 'run_"),
        ("runs/set-tag", {"run_id": "r", "key": "a", "value": 4.5}, "Invalid value 4.5 for param"),
        (
            "runs/log-batch",
            {"run_id": "r", "metrics": "foo"},
            "Invalid value \"foo\" for parameter 'metrics' supplied",
        ),
        (
            "runs/log-batch",
            {"run_id": "r", "metrics": [{"key": "a", "value": [1], "timestamp": 1}]},
            "Invalid value [1] for parameter 'metrics[0].value' supplied",
        ),
        (
            "runs/log-batch",
            {"run_id": "r", "metrics": [{"key": "a", "value": 1}]},
            "Missing value for required parameter 'metrics[0].timestamp'.",
        ),
        ("experiments/create", {"name": {"a": None}}, 'Invalid value {"a":null} for parameter \''),
        (
            "runs/log-metric",
            {"run_id": None, "key": "a", "value": 1, "timestamp": 1},
            "Missing value for required parameter 'run_id'.",
        ),
        ("experiments/create", [], "Invalid value [] for parameter '' supplied"),
    ],
)
def test_what_has_the_wrong_type_is_said_as_it_was_sent(
    mlflow: Mlflow, path: str, body: object, start: str
):
    assert words(mlflow, "POST", path, body).startswith(start)


@pytest.mark.parametrize(
    ("path", "query", "part"),
    [
        ("bulk", {"metric_key": "a"}, "must specify at least one run_id"),
        ("bulk", {"run_id": ["r"]}, "must specify a metric_key"),
        ("bulk", {"run_id": ["r"] * 101, "metric_key": "a"}, "cannot specify more than 100"),
        ("bulk-interval", {"metric_key": "a"}, "Missing value for required parameter 'run_ids'"),
        ("bulk-interval", {"run_ids": ["r"], "metric_key": ""}, "required parameter 'metric_key'"),
        ("bulk-interval", {"run_ids": ["r"] * 101, "metric_key": "a"}, "at most 100 run_ids"),
        (
            "bulk-interval",
            {"run_ids": ["r"], "metric_key": "a", "max_results": 0},
            "max_results must be between 1 and 2500",
        ),
    ],
)
def test_histories_that_cannot_be_asked_for(mlflow: Mlflow, path: str, query: dict, part: str):
    assert part in words(mlflow, "GET", f"metrics/get-history-{path}", query)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("attribute.experiment_id = '1'", "Invalid attribute key 'experiment_id' specified."),
        ("metrics.loss IS NULL", "IS NULL / IS NOT NULL is only supported for params and tags"),
        ("status IS NOT NULL", "IS NULL / IS NOT NULL is only supported"),
    ],
)
def test_filters_that_are_not_understood(mlflow: Mlflow, text: str, part: str):
    said = words(mlflow, "POST", "runs/search", {"experiment_ids": ["0"], "filter": text})
    assert part in said


@pytest.mark.parametrize(
    "body", [b" ", b"{}", b'{"key": 1, "odd": "\xff"}', b'{"key": 1, "odd": 1e999}']
)
def test_a_body_that_is_odd_elsewhere_is_refused_all_the_same(mlflow: Mlflow, body: bytes):
    assert words(mlflow, "POST", "runs/log-metric", body)
    assert mlflow.ask("POST", "runs/log-metric", body).status == 400
