import pytest

from native.conftest import Api

DATA = b"weights"


@pytest.fixture
def trained(api: Api, run: str) -> dict[str, str]:
    """A run with outputs, as the source of a model."""
    for path in ("outputs/model.pkl", "outputs/model/a", "outputs/model/b/c"):
        api.done("PUT", f"{run}/artifacts/{path}", DATA)
    api.done("PUT", f"{run}/artifacts/outputs/empty", b"")
    return {"name": "m", "run_id": run.rpartition("/")[2]}


def test_a_model_is_registered_found_changed_and_deleted(api: Api, trained: dict[str, str]):
    models = f"{api.home}/models"
    body = {**trained, "run_path": "outputs/model.pkl", "tags": {"a": "b"}}
    reply = api.ask("POST", models, body)
    made = reply.json
    assert (reply.status, made["id"], made["version"]) == (201, "m:1", 1)
    assert (made["experiment_name"], made["created_by"]) == ("exp", "owner")
    assert api.done("GET", f"{models}/m:1") == api.done("GET", f"{models}/m%3A1") == made
    assert api.done("GET", f"{models}/m") == made
    file = api.ask("GET", f"{models}/m:1/files/model.pkl")
    assert file.body == DATA
    change = {"tags": {"a": None}, "properties": {"p": "1"}, "description": "d"}
    changed = api.done("PATCH", f"{models}/m:1", change)
    assert (changed["tags"], changed["properties"]) == ({}, {"p": "1"})
    refused = api.refused("PATCH", f"{models}/m:1", {"properties": {"p": "2"}})
    assert refused == (409, "PropertyExists")
    assert api.ask("DELETE", f"{models}/m:1").status == 204
    assert api.refused("GET", f"{models}/m:1") == (404, "ModelNotFound")
    assert api.done("POST", models, body)["id"] == "m:2"


def test_a_folder_keeps_its_name(api: Api, trained: dict[str, str]):
    made = api.done("POST", f"{api.home}/models", {**trained, "run_path": "outputs/model"})
    assert [file["path"] for file in made["files"]] == ["model/a", "model/b/c"]
    assert api.ask("GET", f"{api.home}/models/m/files/model/b/c").body == DATA
    assert api.refused("GET", f"{api.home}/models/m/files/model") == (404, "FileNotFound")


def test_files_that_were_sent_become_a_model(api: Api):
    entry = {"path": "model.pkl", "digest": api.blob(DATA), "size": len(DATA)}
    made = api.done("POST", f"{api.home}/models", {"name": "m", "files": [entry]})
    assert [file["path"] for file in made["files"]] == ["model.pkl"]


@pytest.mark.parametrize(
    ("run_path", "code"),
    [
        ("outputs/none", "ModelPathNotFound"),
        ("outputs/empty", "ModelEmpty"),
        ("file:///etc", "InvalidPath"),
        ("FILE:///etc", "InvalidPath"),
        ("file://localhost/etc", "InvalidPath"),
        ("/etc", "InvalidPath"),
        ("//etc", "InvalidPath"),
        ("outputs/../../etc", "InvalidPath"),
        ("", "InvalidModelSource"),
        ("%", "ModelPathNotFound"),
    ],
)
def test_a01_c97_c98_sources_that_are_none(
    api: Api, trained: dict[str, str], run_path: str, code: str
):
    body = {**trained, "run_path": run_path}
    assert api.refused("POST", f"{api.home}/models", body) == (400, code)
    assert api.done("GET", f"{api.home}/models")["value"] == []


def test_a01_a_model_has_no_source_of_its_own(api: Api):
    body = {"name": "m", "source": "file:///etc"}
    assert api.refused("POST", f"{api.home}/models", body) == (400, "UnknownField")


def test_models_are_listed_newest_first(api: Api, trained: dict[str, str]):
    for name in ("m", "m", "n"):
        body = {**trained, "name": name, "run_path": "outputs"}
        api.done("POST", f"{api.home}/models", body)

    def listed(query: str) -> list[str]:
        return [model["id"] for model in api.done("GET", f"{api.home}/models?{query}")["value"]]

    assert listed("") == ["n:1", "m:2", "m:1"]
    assert listed("name=m") == ["m:2", "m:1"]
    assert listed("newest=1") == listed("newest=true") == ["n:1", "m:2"]
    assert listed("run=none") == []
    page = api.done("GET", f"{api.home}/models?limit=2")
    assert listed(f"after={page['next']}") == ["m:1"]


def test_the_token_of_a_run_registers_what_it_made(api: Api, trained: dict[str, str], run: str):
    body = {**trained, "run_path": "outputs/model.pkl"}
    made = api.done("POST", f"{api.home}/models", body, token=api.token_of(run))
    assert made["created_by"].startswith("run exp_")
