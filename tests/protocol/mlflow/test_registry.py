import asyncio
import os

import pytest
from doors import BEARER, HOST, ask
from protocol.mlflow.conftest import Mlflow
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.endpoints import (
    AuthMode,
    Capacity,
    DeploymentSpec,
    Endpoint,
    EndpointKind,
    EndpointState,
)
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError
from zaffre.domain.files import FileEntry
from zaffre.services.deployments import check_deployment
from zaffre.services.models import ModelFilter, NewModel

ME = Principal(name="owner", permissions=OWNER)
RM, MV = "registered-models", "model-versions"
BAD = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.fixture
def source(mlflow: Mlflow) -> str:
    return f"runs:/{mlflow.run(model__MLmodel=b'flavors: {}', model__a_txt=b'x')}/model"


def create(mlflow: Mlflow, source: str, name: str = "m", **said):
    body = {"name": name, "source": source, **said}
    return mlflow.done("POST", f"{MV}/create", body)["model_version"]


def named(mlflow: Mlflow, name: str = "m", **said):
    return mlflow.done("POST", f"{RM}/create", {"name": name, **said})["registered_model"]


def ids(mlflow: Mlflow, **body):
    found = mlflow.done("GET", f"{MV}/search", body).get("model_versions", [])
    return [f"{one['name']}:{one['version']}" for one in found]


def endpoint_with(mlflow: Mlflow, model_id: str, name: str = "answer") -> None:
    def use(s):
        workspace_id = s.workspaces.list(caller=ME)[0].id
        now = mlflow.doors.house.clock.now()
        spec = DeploymentSpec(
            entry_script="score.py",
            snapshot_id="s",
            model_ids=(model_id,),
            environment=EnvironmentSpec(interpreter="/usr/bin/python3"),
        )
        endpoint = Endpoint(
            id=name,
            workspace_id=workspace_id,
            name=name,
            kind=EndpointKind.LOCAL,
            auth_mode=AuthMode.NONE,
            spec=spec,
            state=EndpointState.HEALTHY,
            created_by="owner",
            created_at=now,
            updated_at=now,
        )
        s.stores.endpoints.add(endpoint, ("a", "b"))

    mlflow.use(use)


def test_a_registered_model(mlflow: Mlflow):
    made = named(mlflow, "my model.1", description="d", tags=[{"key": "k", "value": "v"}])
    assert made["creation_timestamp"] == made["last_updated_timestamp"] > 0
    assert (made["latest_versions"], made["aliases"]) == ([], [])

    mlflow.done("PATCH", f"{RM}/update", {"name": "my model.1", "description": "new"})
    mlflow.done("POST", f"{RM}/set-tag", {"name": "my model.1", "key": "a", "value": "b"})
    mlflow.done("DELETE", f"{RM}/delete-tag", {"name": "my model.1", "key": "k"})
    mlflow.done("DELETE", f"{RM}/delete-tag", {"name": "my model.1", "key": "k"})

    found = mlflow.done("GET", f"{RM}/get", {"name": "my model.1"})["registered_model"]
    assert (found["description"], found["tags"]) == ("new", [{"key": "a", "value": "b"}])
    again = mlflow.ask("POST", f"{RM}/create", {"name": "my model.1"})
    assert (again.status, again.json["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    mlflow.done("DELETE", f"{RM}/delete", {"name": "my model.1"})
    assert mlflow.refused("GET", f"{RM}/get", {"name": "my model.1"}) == ABSENT


def test_what_is_absent_is_said_in_the_words_that_programs_look_for(mlflow: Mlflow, source: str):
    def said(path: str, **asked: str) -> str:
        return mlflow.ask("GET", path, asked).json["message"]

    assert said(f"{RM}/get", name="m").startswith("Registered Model with name=m not found.")
    named(mlflow)
    create(mlflow, source)
    absent = said(f"{MV}/get", name="m", version="2")
    assert absent.startswith("Model Version (name=m, version=2) not found.")
    strange = said(f"{MV}/get", name="m", version="no number")
    assert strange == "Parameter 'version' must be an integer, got 'no number'."


@pytest.mark.parametrize(
    "name", ["", "a/b", "a:b", "..", "a\\b", "a\n", "a%2f", "con", "x.", "é" * 200]
)
def test_names_that_are_none(mlflow: Mlflow, name: str):
    assert mlflow.refused("POST", f"{RM}/create", {"name": name}) == BAD


def test_a_version_of_a_run(mlflow: Mlflow, source: str):
    named(mlflow)
    run_id = source.split("/")[1]
    made = create(
        mlflow, source, run_id=run_id, description="d", tags=[{"key": "a", "value": "1"}]
    )
    assert {key: made[key] for key in ("name", "version", "status", "current_stage")} == {
        "name": "m",
        "version": "1",
        "status": "READY",
        "current_stage": "None",
    }
    assert (made["source"], made["run_id"], made["user_id"]) == (source, run_id, "owner")
    address = mlflow.done("GET", f"{MV}/get-download-uri", {"name": "m", "version": "1"})
    assert address == {"artifact_uri": "mlflow-artifacts:/registered-models/m/1"}
    below = "/api/2.0/mlflow-artifacts/artifacts"
    assert mlflow.ask("GET", f"{below}/registered-models/m/1/a.txt").body == b"x"
    listed = mlflow.done("GET", below, {"path": "registered-models/m/1"})["files"]
    assert sorted(file["path"] for file in listed) == ["MLmodel", "a.txt"]


def test_a_version_stays_what_it_was(mlflow: Mlflow, source: str):
    named(mlflow)
    create(mlflow, source)
    below = "/api/2.0/mlflow-artifacts/artifacts"
    mlflow.done("PUT", f"{below}/runs/{source.split('/')[1]}/model/a.txt", b"changed")

    assert mlflow.ask("GET", f"{below}/registered-models/m/1/a.txt").body == b"x"
    assert mlflow.refused("PUT", f"{below}/registered-models/m/1/a.txt", b"y")[0] == 403


def test_every_way_to_name_what_we_keep(mlflow: Mlflow, source: str):
    named(mlflow)
    run_id = source.split("/")[1]
    mlflow.done("POST", f"{MV}/create", {"name": "m", "source": source})
    mlflow.done("POST", f"{RM}/alias", {"name": "m", "alias": "best", "version": "1"})
    for other in (
        f"mlflow-artifacts:/runs/{run_id}/model",
        f"mlflow-artifacts:/experiments/0/{run_id}/artifacts/model",
        f"mlflow-artifacts:/0/{run_id}/artifacts/model",
        "models:/m/1",
        "models:/m@best",
        "models:/m/latest",
        "models:/m/none",
        "mlflow-artifacts:/registered-models/m/1",
    ):
        version = create(mlflow, other)["version"]
        path = f"/api/2.0/mlflow-artifacts/artifacts/registered-models/m/{version}/a.txt"
        assert mlflow.ask("GET", path).body == b"x", other


def test_a_path_without_files_is_an_empty_version(mlflow: Mlflow):
    named(mlflow)
    assert create(mlflow, f"runs:/{mlflow.run()}/nothing")["status"] == "READY"
    workspace_id = mlflow.use(lambda s: s.workspaces.list(caller=ME))[0].id
    assert mlflow.use(lambda s: s.models.get(workspace_id, "m:1", caller=ME)).files == ()
    spec = DeploymentSpec(
        entry_script="score.py",
        snapshot_id="s",
        model_ids=("m:1",),
        environment=EnvironmentSpec(interpreter="/usr/bin/python3"),
    )
    with pytest.raises(InvalidError) as caught:
        mlflow.use(lambda s: check_deployment(s.stores, workspace_id, spec, capacity=Capacity()))
    assert caught.value.code == "ModelEmpty"


SOURCES = {
    "a01": [
        "file:///etc",
        "FILE:///etc",
        "file://localhost/etc",
        "/etc",
        "//etc",
        "etc/passwd",
        "s3://bucket/a",
        "dbfs:/a",
        "dummy-source",
        "runs:/x/../../etc",
        "runs:/x/%2e%2e/etc",
        "mlflow-artifacts:/runs/x/../../etc",
        "models:/m/1/../../..",
        "",
    ],
    "a02": [
        "http:///#/../../../../etc/",
        "runs:/x/a#/../../etc",
        "mlflow-artifacts:/runs/x#/etc",
        "mlflow-artifacts://user@host/runs/x",
    ],
    "a03": [
        "s3://b/a?/../../../etc",
        "http://h/a;../../etc",
        "runs:/x/a?/../../etc",
        "runs:/x/a;../../etc",
        "models:/m/1?x=/etc",
    ],
}


def check_refused(mlflow: Mlflow, source: str) -> None:
    named(mlflow)
    run_id = mlflow.run(a=b"x")
    body = {"name": "m", "source": source.replace("/x", f"/{run_id}"), "run_id": run_id}
    reply = mlflow.ask("POST", f"{MV}/create", body)
    assert (reply.status, reply.json["error_code"]) == BAD
    assert "source" in reply.json["message"]
    assert ids(mlflow) == []


@pytest.mark.parametrize("source", SOURCES["a01"])
def test_a01_a_version_comes_from_no_address(mlflow: Mlflow, source: str):
    check_refused(mlflow, source)


@pytest.mark.parametrize("source", SOURCES["a02"])
def test_a02_a_fragment_hides_nothing(mlflow: Mlflow, source: str):
    check_refused(mlflow, source)


@pytest.mark.parametrize("source", SOURCES["a03"])
def test_a03_queries_and_parameters_hide_nothing(mlflow: Mlflow, source: str):
    check_refused(mlflow, source)


def test_a_source_of_another_run_than_said(mlflow: Mlflow, source: str):
    named(mlflow)
    body = {"name": "m", "source": source, "run_id": mlflow.run()}
    assert mlflow.refused("POST", f"{MV}/create", body) == BAD


def test_a28_sources_of_another_workspace_are_absent(mlflow: Mlflow, source: str):
    mlflow.workspace("other")
    mlflow.done("POST", f"{RM}/create", {"name": "m"}, workspace="other")
    replies = [
        mlflow.ask(
            "POST",
            f"{MV}/create",
            {"name": "m", "source": f"runs:/{run}/model"},
            workspace="other",
        )
        for run in (source.split("/")[1], "0" * 32)
    ]
    assert [reply.status for reply in replies] == [404, 404]
    messages = [reply.body.replace(source.split("/")[1].encode(), b"0" * 32) for reply in replies]
    assert messages[0] == messages[1]


def test_stages(mlflow: Mlflow, source: str):
    named(mlflow)
    for _ in range(3):
        create(mlflow, source)

    def move(version: int, stage: str, **more):
        body = {"name": "m", "version": str(version), "stage": stage, **more}
        return mlflow.done("POST", f"{MV}/transition-stage", body)["model_version"]

    assert move(1, "production")["current_stage"] == "Production"
    move(2, "Production", archive_existing_versions=True)
    found = mlflow.done("POST", f"{RM}/get-latest-versions", {"name": "m"})["model_versions"]
    assert {one["version"]: one["current_stage"] for one in found} == {
        "1": "Archived",
        "2": "Production",
        "3": "None",
    }
    one = mlflow.done("GET", f"{RM}/get-latest-versions", {"name": "m", "stages": ["Production"]})
    assert [version["version"] for version in one["model_versions"]] == ["2"]
    body = {"name": "m", "version": "1", "stage": "Gone"}
    assert mlflow.refused("POST", f"{MV}/transition-stage", body) == BAD
    body = {"name": "m", "version": "1", "stage": "None", "archive_existing_versions": True}
    assert mlflow.refused("POST", f"{MV}/transition-stage", body) == BAD


def test_aliases(mlflow: Mlflow, source: str):
    named(mlflow)
    create(mlflow, source)
    create(mlflow, source)
    alias = {"name": "m", "alias": "best"}
    mlflow.done("POST", f"{RM}/alias", {**alias, "version": "1"})
    mlflow.done("POST", f"{RM}/alias", {**alias, "version": "2"})

    assert mlflow.done("GET", f"{RM}/alias", alias)["model_version"]["version"] == "2"
    assert mlflow.done("GET", f"{RM}/get", alias)["registered_model"]["aliases"] == [
        {"alias": "best", "version": "2"}
    ]
    version = mlflow.done("GET", f"{MV}/get", {"name": "m", "version": "2"})["model_version"]
    assert version["aliases"] == ["best"]
    latest = mlflow.done("GET", f"{RM}/alias", {"name": "m", "alias": "Latest"})
    assert latest["model_version"]["version"] == "2"
    mlflow.done("DELETE", f"{RM}/alias", alias)
    mlflow.done("DELETE", f"{RM}/alias", alias)
    assert mlflow.refused("GET", f"{RM}/alias", alias) == BAD
    for bad in ("latest", "v2", "a b", ""):
        body = {"name": "m", "alias": bad, "version": "1"}
        assert mlflow.refused("POST", f"{RM}/alias", body) == BAD
    assert mlflow.refused("POST", f"{RM}/alias", {**alias, "version": "9"}) == ABSENT
    assert mlflow.refused("POST", f"{RM}/alias", {**alias, "version": "one"}) == BAD


def test_searches(mlflow: Mlflow, source: str):
    for name in ("a", "b", "c"):
        named(mlflow, name, tags=[{"key": "kind", "value": name.upper()}])
        create(mlflow, source, name, tags=[{"key": "x", "value": name}])
    create(mlflow, source, "a")

    def names(**body):
        answer = mlflow.done("POST", f"{RM}/search", body)
        return [one["name"] for one in answer["registered_models"]], answer.get("next_page_token")

    assert names() == (["a", "b", "c"], None)
    assert names(filter="name LIKE '%' AND tags.kind != 'A'", order_by=["name DESC"])[0] == [
        "c",
        "b",
    ]
    assert names(filter="tags.`mlflow.prompt.is_prompt` = 'true'")[0] == []
    page, token = names(max_results=2)
    assert (page, names(max_results=2, page_token=token)) == (["a", "b"], (["c"], None))
    assert ids(mlflow, filter="name = 'a'") == ["a:2", "a:1"]
    assert ids(mlflow, filter="version_number > 1 AND run_id IN ('" + source.split("/")[1] + "')")
    assert ids(mlflow, filter="tag.x ILIKE 'B'") == ["b:1"]
    assert ids(mlflow, order_by=["version_number DESC", "name ASC"])[0] == "a:2"
    assert ids(mlflow, filter=f"source_path = '{source}'", max_results=2, order_by=["name"]) == [
        "a:2",
        "a:1",
    ]
    for body in (
        {"filter": "size > 1"},
        {"filter": "name > 'a'"},
        {"filter": "name = 'a' OR name = 'b'"},
        {"order_by": ["size"]},
        {"order_by": ["name", "name"]},
        {"max_results": 0},
        {"max_results": 200_001},
        {"page_token": "x"},
    ):
        assert mlflow.refused("GET", f"{MV}/search", body) == BAD, body


def test_renaming(mlflow: Mlflow, source: str):
    named(mlflow)
    named(mlflow, "taken")
    create(mlflow, source)
    body = {"name": "m", "new_name": "n"}
    assert mlflow.refused("POST", f"{RM}/rename", {**body, "new_name": "taken"}) == (
        400,
        "RESOURCE_ALREADY_EXISTS",
    )
    renamed = mlflow.done("POST", f"{RM}/rename", body)["registered_model"]
    assert [one["name"] for one in renamed["latest_versions"]] == ["n"]
    assert ids(mlflow) == ["n:1"]


def test_what_is_deployed_stays(mlflow: Mlflow, source: str):
    named(mlflow)
    create(mlflow, source)
    create(mlflow, source)
    endpoint_with(mlflow, "m:1")
    for method, path, body in (
        ("DELETE", f"{MV}/delete", {"name": "m", "version": "1"}),
        ("DELETE", f"{RM}/delete", {"name": "m"}),
        ("POST", f"{RM}/rename", {"name": "m", "new_name": "n"}),
    ):
        reply = mlflow.ask(method, path, body)
        assert (reply.status, reply.json["error_code"]) == (409, "INVALID_STATE")
        assert "`answer`" in reply.json["message"]
    mlflow.done("DELETE", f"{MV}/delete", {"name": "m", "version": "2"})


def test_a_number_is_never_given_again(mlflow: Mlflow, source: str):
    named(mlflow)
    create(mlflow, source)
    mlflow.done("DELETE", f"{MV}/delete", {"name": "m", "version": "1"})
    assert create(mlflow, source)["version"] == "2"
    mlflow.done("DELETE", f"{RM}/delete", {"name": "m"})
    named(mlflow)
    assert create(mlflow, source)["version"] == "3"
    assert mlflow.refused("GET", f"{MV}/get", {"name": "m", "version": "1"}) == ABSENT


def test_one_list_with_every_other_door(mlflow: Mlflow, source: str):
    named(mlflow)
    create(mlflow, source)
    workspace_id = mlflow.use(lambda s: s.workspaces.list(caller=ME))[0].id
    run_id = source.split("/")[1]
    new = NewModel(name="m", run_id=run_id, run_path="model")
    assert mlflow.use(lambda s: s.models.register(workspace_id, new, caller=ME)).id == "m:2"

    assert ids(mlflow, filter="name = 'm'") == ["m:2", "m:1"]
    listed = mlflow.use(lambda s: s.models.list(workspace_id, ModelFilter(), caller=ME, limit=9))
    assert [one.id for one in listed] == ["m:2", "m:1"]
    first, second = ({file.path for file in one.files} for one in listed)
    assert first == second == {"model/MLmodel", "model/a.txt"}
    assert all(isinstance(file, FileEntry) for file in listed[0].files)


def test_a_run_changes_what_it_registered(mlflow: Mlflow, source: str):
    named(mlflow)
    create(mlflow, source)
    token = mlflow.token_of(source.split("/")[1])
    body = {"name": "m", "source": source}
    made = mlflow.done("POST", f"{MV}/create", body, token=token)["model_version"]
    own = {"name": "m", "version": made["version"], "stage": "Staging"}

    mlflow.done("POST", f"{MV}/transition-stage", own, token=token)
    for method, path, other in (
        ("POST", f"{MV}/transition-stage", {**own, "version": "1"}),
        ("DELETE", f"{MV}/delete", {"name": "m", "version": "1"}),
        ("DELETE", f"{RM}/delete", {"name": "m"}),
    ):
        assert mlflow.refused(method, path, other, token=token) == (403, "PERMISSION_DENIED")


def test_r18_clients_at_once_count_without_gaps(mlflow: Mlflow, source: str):
    count = int(os.environ.get("ZAFFRE_FAULT_REGISTRATIONS", "4"))
    named(mlflow)
    body = b'{"name": "m", "source": "%s"}' % source.encode()
    headers = [BEARER, HOST, (b"x-mlflow-workspace", b"ws")]

    async def client() -> list[int]:
        given = []
        for _ in range(count):
            reply = await ask(
                mlflow.app, "POST", f"/api/2.0/mlflow/{MV}/create", headers=headers, body=body
            )
            assert reply.status == 200, reply.body
            given.append(int(reply.json["model_version"]["version"]))
        return given

    async def all_clients() -> list[list[int]]:
        return await asyncio.gather(*(client() for _ in range(64)))

    given = mlflow.runner.run(all_clients())
    assert sorted(version for one in given for version in one) == list(range(1, 64 * count + 1))
    assert all(one == sorted(one) for one in given)


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000])
def test_a_source_with_a_number_that_no_version_can_have(mlflow: Mlflow, source: str, number: str):
    named(mlflow)
    create(mlflow, source)
    body = {"name": "m", "source": f"models:/m/{number}"}
    assert mlflow.refused("POST", f"{MV}/create", body) == ABSENT


def test_a_name_is_the_same_however_its_letters_are_put_together(mlflow: Mlflow, source: str):
    apart, together = "e\u0301", "\u00e9"
    assert named(mlflow, apart)["name"] == together
    assert create(mlflow, source, apart)["name"] == together
    create(mlflow, f"models:/{apart}/1", apart)
    alias = {"name": apart, "alias": "best", "version": "2"}
    mlflow.done("POST", f"{RM}/alias", alias)

    assert mlflow.done("GET", f"{RM}/alias", alias)["model_version"]["version"] == "2"
    newest = mlflow.done("GET", f"{RM}/get-latest-versions", {"name": apart})["model_versions"]
    assert [version["version"] for version in newest] == ["2"]
    mlflow.done("DELETE", f"{RM}/delete", {"name": apart})
    assert mlflow.refused("GET", f"{RM}/get", {"name": together}) == ABSENT


def test_a_page_token_belongs_to_one_search(mlflow: Mlflow):
    for name in ("a", "b"):
        named(mlflow, name)
    token = mlflow.done("GET", f"{RM}/search", {"max_results": 1})["next_page_token"]
    more = {"max_results": 1, "page_token": token}
    (second,) = mlflow.done("GET", f"{RM}/search", more)["registered_models"]
    assert second["name"] == "b"
    for path, body in ((f"{RM}/search", {**more, "filter": "name = 'a'"}), (f"{MV}/search", more)):
        assert mlflow.refused("GET", path, body) == BAD


def test_a_logged_model_whose_list_of_versions_cannot_be_read(mlflow: Mlflow):
    named(mlflow)
    made = mlflow.done("POST", "logged-models", {"experiment_id": "0", "name": "l"})
    model_id = made["model"]["info"]["model_id"]
    tags = [{"key": "mlflow.modelVersions", "value": "[" * 100_000}]
    mlflow.done("PATCH", f"logged-models/{model_id}/tags", {"tags": tags})
    assert create(mlflow, f"models:/{model_id}")["model_id"] == model_id
