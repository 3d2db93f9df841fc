"""The genuine MLflow client and the v1 namespace over one list of models."""

import pytest

pytest.importorskip("mlflow", reason="the development group has the client of MLflow")

import mlflow
from azureml.core import Model
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus
from mlflow.exceptions import MlflowException

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def client(server, workspace, monkeypatch):
    address = (
        f"{server.url}/mlflow/v1.0/subscriptions/{workspace.subscription_id}/resourceGroups/"
        f"{workspace.resource_group}/providers/Microsoft.MachineLearningServices/workspaces/"
        f"{workspace.name}"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", (server.home / "token").read_text().strip())
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    yield MlflowClient()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


@pytest.fixture
def source(client):
    run = client.create_run("0")
    client.log_text(run.info.run_id, "flavors: {}\n", "model/MLmodel")
    client.log_text(run.info.run_id, "x", "model/data/a.txt")
    return f"runs:/{run.info.run_id}/model"


def version(client, name, source):
    return client.create_model_version(name, source, await_creation_for=0)


def test_what_v1_registers_mlflow_finds_and_loads(client, workspace, tmp_path):
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "weights.bin").write_bytes(b"\x00\x01")
    Model.register(workspace, str(folder), "from-v1", tags={"kind": "x"}, description="mine")

    (found,) = client.search_model_versions("name = 'from-v1'")
    assert (found.version, found.tags, found.description) == ("1", {"kind": "x"}, "mine")
    fetched = mlflow.artifacts.download_artifacts("models:/from-v1/1", dst_path=str(tmp_path))
    assert (tmp_path / "weights.bin").read_bytes() == b"\x00\x01", fetched


def test_what_mlflow_registers_v1_lists_and_downloads(client, workspace, source, tmp_path):
    client.create_registered_model("from mlflow")
    version(client, "from mlflow", source)
    version(client, "from mlflow", source)
    client.set_model_version_tag("from mlflow", "2", "kind", "x")

    assert [one.id for one in Model.list(workspace, name="from mlflow")] == [
        "from mlflow:2",
        "from mlflow:1",
    ]
    newest = Model(workspace, "from mlflow")
    assert (newest.version, newest.tags, newest.run_id) == (2, {"kind": "x"}, source.split("/")[1])
    assert newest.download(str(tmp_path)) == str(tmp_path / "model")
    assert (tmp_path / "model" / "data" / "a.txt").read_text() == "x"
    newest.delete()
    assert [one.version for one in client.search_model_versions("name = 'from mlflow'")] == ["1"]


def test_aliases_stages_and_copies(client, source, tmp_path):
    client.create_registered_model("staged", tags={"a": "b"}, description="d")
    version(client, "staged", source)
    version(client, "staged", source)
    client.set_registered_model_alias("staged", "best", "1")
    client.transition_model_version_stage("staged", "2", "Production")

    assert client.get_model_version_by_alias("staged", "best").version == "1"
    assert client.get_registered_model("staged").aliases == {"best": "1"}
    assert [one.version for one in client.get_latest_versions("staged", ["Production"])] == ["2"]
    mlflow.artifacts.download_artifacts("models:/staged@best/data/a.txt", dst_path=str(tmp_path))
    assert list(tmp_path.rglob("a.txt"))
    copied = client.copy_model_version("models:/staged/2", "copied")
    assert (copied.name, copied.version) == ("copied", "1")
    client.rename_registered_model("copied", "renamed")
    client.delete_registered_model("renamed")
    with pytest.raises(MlflowException) as caught:
        client.get_registered_model("renamed")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a01_the_server_opens_no_address(client):
    client.create_registered_model("safe")
    for address in ("file:///etc", "/etc", "s3://bucket/a", "http://127.0.0.1/x"):
        with pytest.raises(MlflowException) as caught:
            version(client, "safe", address)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


def test_logged_models(client, tmp_path):
    run_id = client.create_run("0").info.run_id
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    params = {f"p{number}": str(number) for number in range(250)}
    model = client.create_logged_model("0", name="net", source_run_id=run_id, params=params)
    client.log_model_artifacts(model.model_id, str(tmp_path))
    client.log_metric(run_id, "accuracy", 0.75, model_id=model.model_id)
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)

    found = client.get_logged_model(model.model_id)
    assert (found.status, found.params) == (LoggedModelStatus.READY, params)
    assert [(metric.key, metric.value) for metric in found.metrics] == [("accuracy", 0.75)]
    by_metric = client.search_logged_models(
        ["0"],
        filter_string="metrics.accuracy > 0.7 AND params.p7 = '7'",
        order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
    )
    assert [one.model_id for one in by_metric] == [model.model_id]
    made = mlflow.register_model(f"models:/{model.model_id}", "net")
    assert made.run_id == run_id
    client.delete_logged_model(model.model_id)
    assert client.get_model_version_download_uri("net", made.version).endswith("/net/1")


def test_prompts(client, workspace):
    client.register_prompt("greeting", "Hello {{name}}", tags={"tone": "warm"})
    client.register_prompt("greeting", "Hi {{name}}" + "." * 90_000, commit_message="shorter")
    client.set_prompt_alias("greeting", "live", 1)

    assert client.load_prompt("prompts:/greeting@live").template == "Hello {{name}}"
    assert client.load_prompt("greeting", version=2).commit_message == "shorter"
    assert [prompt.name for prompt in client.search_prompts()] == ["greeting"]
    assert "greeting" not in {model.name for model in client.search_registered_models()}
    assert "greeting" not in {model.name for model in Model.list(workspace)}
