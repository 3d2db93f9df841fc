import pytest
from protocol.mlflow.conftest import Mlflow

DENIED = (400, "INVALID_PARAMETER_VALUE")


def params(mlflow: Mlflow, run_id: str) -> dict[str, str]:
    run = mlflow.done("GET", "runs/get", {"run_id": run_id})["run"]
    return {param["key"]: param["value"] for param in run["data"]["params"]}


def test_params_are_kept_whole(mlflow: Mlflow):
    run_id = mlflow.run()
    logged = {"lr": "0.1", "learning rate": "x" * 6000, "empty": "", "é": "\u20ac" * 131_072}
    for key, value in logged.items():
        body = {"run_id": run_id, "key": key, "value": value}
        mlflow.done("POST", "runs/log-parameter", body)
    assert params(mlflow, run_id) == logged


def test_c55_a_param_is_written_once(mlflow: Mlflow):
    run_id = mlflow.run()
    body = {"run_id": run_id, "key": "lr", "value": "0.1"}
    mlflow.done("POST", "runs/log-parameter", body)
    mlflow.done("POST", "runs/log-parameter", body)
    reply = mlflow.ask("POST", "runs/log-parameter", {**body, "value": "0.2"})
    assert (reply.status, reply.json["error_code"]) == DENIED
    message = reply.json["message"]
    assert message.startswith("Changing param values is not allowed. Param with key=`lr`")
    assert "value=`0.1`" in message
    assert "new value `0.2`" in message
    assert params(mlflow, run_id) == {"lr": "0.1"}


def test_c56_a_param_or_tag_of_a_megabyte_is_refused(mlflow: Mlflow):
    run_id = mlflow.run()
    for path in ("runs/log-parameter", "runs/set-tag"):
        body = {"run_id": run_id, "key": "k", "value": "x" * 1_000_000}
        assert mlflow.refused("POST", path, body) == DENIED


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b", "..", "a/../b", "k" * 256, "\u202e"])
def test_a45_names_of_params_have_no_control_characters(mlflow: Mlflow, name: str):
    body = {"run_id": mlflow.run(), "key": name, "value": "v"}
    assert mlflow.refused("POST", "runs/log-parameter", body) == DENIED


def test_what_a_run_read_is_shown_with_it(mlflow: Mlflow):
    run_id = mlflow.run()
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "{}", "schema": "s"}
    context = [{"key": "mlflow.data.context", "value": "training"}]
    for _ in range(2):
        body = {"run_id": run_id, "datasets": [{"dataset": dataset, "tags": context}]}
        mlflow.done("POST", "runs/log-inputs", body)
    shown = mlflow.done("GET", "runs/get", {"run_id": run_id})["run"]["inputs"]
    assert shown == {"dataset_inputs": [{"tags": context, "dataset": dataset}]}
    nameless = {"run_id": run_id, "datasets": [{"dataset": {"digest": "1"}}]}
    assert mlflow.refused("POST", "runs/log-inputs", nameless) == DENIED


@pytest.mark.parametrize(
    "inputs",
    [{"models": [{"model_id": "m-1"}]}, {"datasets": [{"dataset": {"name": "d", "digest": "1"}}]}],
    ids=list,
)
def test_a_request_names_a_thousand_inputs_at_most(mlflow: Mlflow, inputs: dict):
    said = {"run_id": mlflow.run(), **{what: some * 1001 for what, some in inputs.items()}}
    reply = mlflow.ask("POST", "runs/log-inputs", said)
    assert reply.status == 400
    assert "at most 1000" in reply.json["message"]
