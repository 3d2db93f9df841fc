"""What the MLflow client is told."""

import pytest
from zaffre_sdk.tracking import mlflow_client
from zaffre_sdk.tracking.mlflow_client import Scope, experiment_id, give_token, tracking_uri


@pytest.fixture(autouse=True)
def environ(monkeypatch):
    monkeypatch.setattr(mlflow_client, "_given", set())
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "")


def token() -> str:
    return mlflow_client.os.environ["MLFLOW_TRACKING_TOKEN"]


def test_names_are_encoded():
    assert tracking_uri("http://h:1/", Scope("a b", "g/h", "w...")) == (
        "http://h:1/mlflow/v1.0/subscriptions/a%20b/resourceGroups/g%2Fh"
        "/providers/Microsoft.MachineLearningServices/workspaces/w..."
    )


def test_a_second_server_replaces_what_was_set_for_the_first():
    give_token("one")
    give_token("two")
    assert token() == "two"


def test_what_the_program_set_stays(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "mine")
    give_token("one")
    assert token() == "mine"


def test_the_default_experiment_has_the_id_that_mlflow_knows():
    assert experiment_id("Default", "abc") == "0"
    assert experiment_id("other", "abc") == "abc"
