import pytest
from protocol.mlflow.conftest import Mlflow

LM = "logged-models"
BAD = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


def pairs(**values: str):
    return [{"key": key, "value": value} for key, value in values.items()]


def create(mlflow: Mlflow, name: str = "model", **said):
    body = {"experiment_id": "0", "name": name, **said}
    return mlflow.done("POST", LM, body)["model"]


def id_of(mlflow: Mlflow, name: str = "model", **said) -> str:
    return create(mlflow, name, **said)["info"]["model_id"]


def names(mlflow: Mlflow, **body) -> list[str]:
    answer = mlflow.done("POST", f"{LM}/search", {"experiment_ids": ["0"], **body})
    return [model["info"]["name"] for model in answer["models"]]


def test_a_logged_model(mlflow: Mlflow):
    run_id = mlflow.run()
    made = create(
        mlflow, model_type="agent", source_run_id=run_id, params=pairs(p="1"), tags=pairs(t="x")
    )
    info = made["info"]
    model_id = info["model_id"]
    assert info["artifact_uri"] == f"mlflow-artifacts:/models/{model_id}"
    assert (info["experiment_id"], info["status"]) == ("0", "LOGGED_MODEL_PENDING")
    assert (info["source_run_id"], info["model_type"]) == (run_id, "agent")
    assert made["data"] == {"params": pairs(p="1"), "metrics": []}

    body = {"model_id": model_id, "status": "LOGGED_MODEL_READY"}
    ready = mlflow.done("PATCH", f"{LM}/{model_id}", body)["model"]
    assert ready["info"]["status"] == "LOGGED_MODEL_READY"
    failed = mlflow.done("PATCH", f"{LM}/{model_id}", {"status": 3})["model"]
    assert failed["info"]["status"] == "LOGGED_MODEL_UPLOAD_FAILED"
    assert mlflow.refused("PATCH", f"{LM}/{model_id}", {"status": "DONE"}) == BAD


def test_tags_and_params(mlflow: Mlflow):
    one = f"{LM}/{id_of(mlflow, params=pairs(p='1'))}"
    mlflow.done("PATCH", f"{one}/tags", {"tags": pairs(a="1", **{"b/c": "2"})})
    mlflow.done("DELETE", f"{one}/tags/b%2Fc")
    assert mlflow.refused("DELETE", f"{one}/tags/b%2Fc") == ABSENT
    mlflow.done("POST", f"{one}/params", {"params": pairs(p="1", q="2")})
    assert mlflow.refused("POST", f"{one}/params", {"params": pairs(q="3")})[1] == BAD[1]

    found = mlflow.done("GET", one)["model"]
    assert found["info"]["tags"] == pairs(a="1")
    assert found["data"]["params"] == pairs(p="1", q="2")


def test_what_was_deleted_is_seen_on_request(mlflow: Mlflow):
    one = f"{LM}/{id_of(mlflow)}"
    mlflow.done("DELETE", one)

    assert mlflow.refused("GET", one) == ABSENT
    assert mlflow.refused("DELETE", one) == ABSENT
    assert mlflow.done("GET", one, {"allow_deleted": "true"})["model"]["info"]["name"] == "model"
    assert names(mlflow) == []


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%", 'a"', "a'", "\n"])
def test_names_that_are_none(mlflow: Mlflow, name: str):
    assert mlflow.refused("POST", LM, {"experiment_id": "0", "name": name}) == BAD


def test_what_it_belongs_to_is_there(mlflow: Mlflow):
    assert mlflow.refused("POST", LM, {"name": "m"}) == BAD
    assert mlflow.refused("POST", LM, {"experiment_id": "9", "name": "m"}) == ABSENT
    body = {"experiment_id": "0", "name": "m", "source_run_id": "none"}
    assert mlflow.refused("POST", LM, body) == ABSENT
    assert len(create(mlflow, "")["info"]["name"]) > 3


def test_files(mlflow: Mlflow):
    model_id = id_of(mlflow)
    below = f"/api/2.0/mlflow-artifacts/artifacts/models/{model_id}"
    mlflow.done("PUT", f"{below}/MLmodel", b"{}")
    mlflow.done("PUT", f"{below}/data/a.bin", b"abc")

    listed = mlflow.done("GET", f"{LM}/{model_id}/artifacts/directories")
    assert listed["root_uri"] == f"mlflow-artifacts:/models/{model_id}"
    assert sorted(listed["files"], key=lambda file: file["path"]) == [
        {"path": "MLmodel", "is_dir": False, "file_size": 2},
        {"path": "data", "is_dir": True},
    ]
    query = {"artifact_directory_path": "data"}
    listed = mlflow.done("GET", f"{LM}/{model_id}/artifacts/directories", query)
    assert listed["files"] == [{"path": "data/a.bin", "is_dir": False, "file_size": 3}]
    query = {"artifact_directory_path": "../x"}
    assert mlflow.refused("GET", f"{LM}/{model_id}/artifacts/directories", query) == BAD


def test_it_is_registered_with_its_files(mlflow: Mlflow):
    run_id = mlflow.run()
    model_id = id_of(mlflow, source_run_id=run_id)
    mlflow.done("PUT", f"/api/2.0/mlflow-artifacts/artifacts/models/{model_id}/MLmodel", b"{}")
    mlflow.done("POST", "registered-models/create", {"name": "m"})
    for source in (f"models:/{model_id}", f"mlflow-artifacts:/models/{model_id}"):
        body = {"name": "m", "source": source, "model_id": model_id}
        made = mlflow.done("POST", "model-versions/create", body)["model_version"]
        assert (made["model_id"], made["run_id"]) == (model_id, run_id)
        path = f"/api/2.0/mlflow-artifacts/artifacts/registered-models/m/{made['version']}/MLmodel"
        assert mlflow.ask("GET", path).body == b"{}"
    told = mlflow.done("GET", f"{LM}/{model_id}")["model"]["info"]["tags"]
    listed = '[{"name": "m", "version": 1}, {"name": "m", "version": 2}]'
    assert told == pairs(**{"mlflow.modelVersions": listed})
    elsewhere = {"name": "m", "source": f"runs:/{run_id}/a", "model_id": f"m-{'0' * 32}"}
    mlflow.done("PUT", f"/api/2.0/mlflow-artifacts/artifacts/runs/{run_id}/a/MLmodel", b"{}")
    made = mlflow.done("POST", "model-versions/create", elsewhere)["model_version"]
    assert made["model_id"] == f"m-{'0' * 32}"
    body = {"name": "m", "source": f"models:/{model_id}", "model_id": f"m-{'0' * 32}"}
    assert mlflow.refused("POST", "model-versions/create", body) == BAD


def test_outputs_of_a_run(mlflow: Mlflow):
    run_id, model_id = mlflow.run(), id_of(mlflow)
    body = {"run_id": run_id, "models": [{"model_id": model_id, "step": 3}]}
    mlflow.done("POST", "runs/outputs", body)

    run = mlflow.done("GET", "runs/get", {"run_id": run_id})["run"]
    assert run["outputs"]["model_outputs"] == [{"model_id": model_id, "step": 3}]
    body["models"][0]["model_id"] = f"m-{'0' * 32}"
    assert mlflow.refused("POST", "runs/outputs", body) == ABSENT


def test_searches(mlflow: Mlflow):
    for name, rate in (("a", "0.1"), ("b", "0.2"), ("c", "0.3")):
        id_of(mlflow, name, params=pairs(lr=rate), tags=pairs(**{"my tag": name.upper()}))

    assert names(mlflow) == ["c", "b", "a"]
    assert names(mlflow, filter="params.lr = '0.2'") == ["b"]
    assert names(mlflow, filter="tags.`my tag` IN ('A', 'C') AND name != 'a'") == ["c"]
    assert names(mlflow, filter="name IN ('b',)") == ["b"]
    assert names(mlflow, filter="attributes.status = 'PENDING' AND creation_time > 0") == [
        "c",
        "b",
        "a",
    ]
    assert names(mlflow, filter="experiment_id = '0' AND name LIKE 'A%'") == []
    assert names(mlflow, experiment_ids=["none"]) == []
    assert names(mlflow, order_by=[{"field_name": "name"}]) == ["a", "b", "c"]
    body = {"experiment_ids": ["0"], "max_results": 2}
    first = mlflow.done("POST", f"{LM}/search", body)
    token = first["next_page_token"]
    assert names(mlflow, max_results=2, page_token=token) == ["a"]
    assert names(mlflow, page_token=token) == ["a"]
    for more in (
        {"filter": "size = '1'"},
        {"filter": "metrics.a = 'x'"},
        {"filter": "params.lr > 1"},
        {"order_by": [{"field_name": "params.lr"}]},
        {"order_by": [{"field_name": "size"}]},
        {"datasets": [{"dataset_digest": "d"}]},
        {"page_token": "x"},
        {"page_token": token, "experiment_ids": ["1"]},
        {"page_token": token, "filter": "name = 'a'"},
        {"page_token": token, "order_by": [{"field_name": "name"}]},
        {"filter": "Foo"},
        {"experiment_ids": []},
    ):
        body = {"experiment_ids": ["0"], **more}
        assert mlflow.refused("POST", f"{LM}/search", body) == BAD, more


def test_a28_those_of_another_workspace_are_absent(mlflow: Mlflow):
    mlflow.workspace("other")
    mine = id_of(mlflow)
    absent = f"m-{'0' * 32}"
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"status": 2}),
        ("DELETE", "", None),
        ("PATCH", "/tags", {"tags": pairs(a="b")}),
        ("DELETE", "/tags/a", None),
        ("POST", "/params", {"params": pairs(a="b")}),
        ("GET", "/artifacts/directories", None),
    ):
        replies = [
            mlflow.ask(method, f"{LM}/{model_id}{tail}", body, workspace="other")
            for model_id in (mine, absent)
        ]
        assert [reply.status for reply in replies] == [404, 404]
        assert replies[0].body.replace(mine.encode(), absent.encode()) == replies[1].body
    assert mlflow.done("GET", f"{LM}/{mine}")["model"]["info"]["tags"] == []


def test_a_run_changes_what_it_made(mlflow: Mlflow):
    run_id = mlflow.run()
    token = mlflow.token_of(run_id)
    body = {"experiment_id": "0", "name": "own", "source_run_id": run_id}
    own = mlflow.done("POST", LM, body, token=token)["model"]["info"]["model_id"]
    other = id_of(mlflow)

    mlflow.done("PATCH", f"{LM}/{own}", {"status": 2}, token=token)
    forbidden = mlflow.refused("PATCH", f"{LM}/{other}", {"status": 2}, token=token)
    assert forbidden == (403, "PERMISSION_DENIED")
    body["source_run_id"] = mlflow.run()
    assert mlflow.refused("POST", LM, body, token=token) == ABSENT


def test_one_is_sorted_by_what_was_measured_on_a_dataset(mlflow: Mlflow):
    run_id = mlflow.run()
    ids = {name: id_of(mlflow, name) for name in "ab"}
    for name, dataset, value in (("a", "x", 1), ("b", "x", 2), ("a", "y", 2), ("b", "y", 1)):
        metric = {"key": "acc", "value": value, "timestamp": 1, "model_id": ids[name]}
        measured = {"dataset_name": dataset, "dataset_digest": f"{dataset}1"}
        mlflow.done("POST", "runs/log-metric", {"run_id": run_id, **metric, **measured})

    def by(**dataset: str) -> list[str]:
        return names(mlflow, order_by=[{"field_name": "metrics.acc", **dataset}])

    assert by(dataset_name="x") == by(dataset_name="x", dataset_digest="x1") == ["a", "b"]
    assert by(dataset_name="y") == by(dataset_digest="y1") == ["b", "a"]


@pytest.mark.parametrize(
    "more",
    [
        {"experiment_ids": ["0"] * 1001},
        {"datasets": [{"dataset_name": "d"}] * 101},
        {"order_by": [{"field_name": "name"}] * 11},
    ],
)
def test_a_search_for_more_than_fits_is_refused(mlflow: Mlflow, more):
    assert mlflow.refused("POST", f"{LM}/search", {"experiment_ids": ["0"], **more}) == BAD


def test_a_step_that_is_no_number_of_64_bits_is_refused(mlflow: Mlflow):
    models = [{"model_id": id_of(mlflow), "step": 2**63}]
    body = {"run_id": mlflow.run(), "models": models}
    assert mlflow.refused("POST", "runs/outputs", body) == BAD


def test_files_of_what_was_deleted_are_not_shown(mlflow: Mlflow):
    one = id_of(mlflow)
    mlflow.done("PUT", f"/api/2.0/mlflow-artifacts/artifacts/models/{one}/a", b"x")
    asked = {"artifact_file_path": "a"}
    assert mlflow.ask("GET", f"{LM}/{one}/artifacts/files", asked).body == b"x"
    mlflow.done("DELETE", f"{LM}/{one}")
    assert mlflow.refused("GET", f"{LM}/{one}/artifacts/files", asked) == ABSENT


def test_files_are_listed_in_pages(mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zaffre.protocols.mlflow.logged_models._MOST_FILES", 1)
    one = id_of(mlflow)
    for path in ("a/b", "a/c", "d"):
        mlflow.done("PUT", f"/api/2.0/mlflow-artifacts/artifacts/models/{one}/{path}", b"x")
    folder = f"{LM}/{one}/artifacts/directories"
    first = mlflow.done("GET", folder)
    second = mlflow.done("GET", folder, {"page_token": first["next_page_token"]})

    assert [file["path"] for file in first["files"] + second["files"]] == ["a", "d"]
    assert "next_page_token" not in second
    assert mlflow.refused("GET", folder, {"page_token": "a/"}) == BAD
