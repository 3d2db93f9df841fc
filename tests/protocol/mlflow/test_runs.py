import re
from dataclasses import replace

import pytest
from protocol.mlflow.conftest import OWNER_OF_TESTS, Mlflow
from zaffre.domain.access import Permission
from zaffre.domain.runs import RunKind, RunSpec, RunState
from zaffre.protocols.mlflow.routes import RouteTable
from zaffre.protocols.mlflow.table import all_routes
from zaffre.services.runs import NewRun

DENIED = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


def begin(mlflow: Mlflow, *, token: str | None = None, **fields: object) -> dict:
    tags = [{"key": key, "value": value} for key, value in fields.pop("tags", {}).items()]
    body = {"experiment_id": "0", "start_time": 1700000000123, "tags": tags, **fields}
    return mlflow.done("POST", "runs/create", body, token=token)["run"]


def show(mlflow: Mlflow, run_id: str) -> dict:
    return mlflow.done("GET", "runs/get", {"run_id": run_id})["run"]


def tags(run: dict) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}


def test_every_route_declares_a_permission():
    table = RouteTable(all_routes())
    assert all(isinstance(route.permission, Permission) for route in table)
    public = {route.path for route in table if route.permission is Permission.PUBLIC}
    # Uploads in parts carry a permit of their own in the address.
    assert {path for path in public if "mlflow-artifacts" not in path} == {"/health", "/version"}


def test_a_run_begins_with_what_its_program_says(mlflow: Mlflow):
    made = begin(mlflow, run_name="first", tags={"mlflow.user": "eve", "t": "v"})
    run_id = made["info"]["run_id"]

    assert re.fullmatch("[0-9a-f]{32}", run_id)
    assert show(mlflow, run_id) == made
    assert made["info"] == {
        "run_id": run_id,
        "run_uuid": run_id,
        "run_name": "first",
        "experiment_id": "0",
        "user_id": "eve",
        "status": "RUNNING",
        "start_time": 1700000000123,
        "artifact_uri": f"mlflow-artifacts:/runs/{run_id}",
        "lifecycle_stage": "active",
    }
    assert tags(made) == {
        "mlflow.runName": "first",
        "mlflow.user": "eve",
        "mlflow.source.type": "LOCAL",
        "t": "v",
    }
    assert (made["data"]["metrics"], made["data"]["params"]) == ([], [])
    assert made["inputs"] == {}


def test_a_run_without_a_name_is_given_one(mlflow: Mlflow):
    first, second = begin(mlflow)["info"]["run_name"], begin(mlflow)["info"]["run_name"]
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{1,3}", first)
    assert first != second
    named = begin(mlflow, tags={"mlflow.runName": "by tag"})
    assert named["info"]["run_name"] == "by tag"
    both = {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}
    assert mlflow.refused("POST", "runs/create", both) == DENIED


def test_a_run_is_told_to_have_ended_and_taken_up_again(mlflow: Mlflow):
    run_id = begin(mlflow)["info"]["run_id"]
    for status, shown in (("FINISHED", "FINISHED"), (4, "FAILED"), ("KILLED", "KILLED")):
        body = {"run_id": run_id, "status": status, "end_time": 1700000001000}
        told = mlflow.done("POST", "runs/update", body)["run_info"]
        assert (told["status"], told["end_time"]) == (shown, 1700000001000)
    again = {"run_uuid": run_id, "status": "RUNNING", "run_name": "better"}
    info = mlflow.done("POST", "runs/update", again)["run_info"]
    assert (info["status"], info["run_name"], info.get("end_time")) == ("RUNNING", "better", None)
    assert tags(show(mlflow, run_id))["mlflow.runName"] == "better"
    unknown = {"run_id": run_id, "status": "DONE"}
    assert mlflow.refused("POST", "runs/update", unknown) == DENIED
    far = {"run_id": run_id, "end_time": 2**62}
    assert mlflow.refused("POST", "runs/update", far) == DENIED


def test_a_deleted_run_takes_nothing_until_it_is_restored(mlflow: Mlflow):
    run_id = begin(mlflow)["info"]["run_id"]
    mlflow.done("POST", "runs/delete", {"run_id": run_id})
    assert show(mlflow, run_id)["info"]["lifecycle_stage"] == "deleted"
    for path, body in (
        ("runs/log-parameter", {"key": "k", "value": "v"}),
        ("runs/set-tag", {"key": "k", "value": "v"}),
        ("runs/update", {"status": "FINISHED"}),
        ("runs/log-inputs", {"datasets": []}),
    ):
        reply = mlflow.ask("POST", path, {"run_id": run_id, **body})
        assert (reply.status, reply.json["error_code"]) == DENIED
        assert "'active' state" in reply.json["message"]
    mlflow.done("POST", "runs/restore", {"run_id": run_id})
    mlflow.done("POST", "runs/set-tag", {"run_id": run_id, "key": "k", "value": "v"})


def test_tags_that_are_fields_are_one_with_them(mlflow: Mlflow):
    parent = begin(mlflow)["info"]["run_id"]
    child = begin(mlflow, tags={"mlflow.parentRunId": parent})["info"]["run_id"]
    for key, value in (("mlflow.runName", "named"), ("mlflow.note.content", "note")):
        mlflow.done("POST", "runs/set-tag", {"run_id": child, "key": key, "value": value})

    shown = tags(show(mlflow, child))
    assert shown["mlflow.parentRunId"] == parent
    assert (shown["mlflow.runName"], shown["mlflow.note.content"]) == ("named", "note")
    workspace = mlflow.use(lambda s: s.workspaces.list(caller=OWNER_OF_TESTS))[0].id
    run = mlflow.use(lambda s: s.runs.get(workspace, child, caller=OWNER_OF_TESTS))
    assert (run.parent_id, run.display_name, run.description) == (parent, "named", "note")
    above = {"run_id": parent, "key": "mlflow.parentRunId", "value": child}
    assert mlflow.refused("POST", "runs/set-tag", above) == DENIED
    mlflow.done("POST", "runs/delete-tag", {"run_id": child, "key": "mlflow.note.content"})
    assert "mlflow.note.content" not in tags(show(mlflow, child))
    gone = {"run_id": child, "key": "no"}
    assert mlflow.refused("POST", "runs/delete-tag", gone) == ABSENT
    fixed = {"run_id": child, "key": "mlflow.runName"}
    assert mlflow.refused("POST", "runs/delete-tag", fixed) == DENIED


def test_a_v1_run_is_shown_as_a_run_of_mlflow(mlflow: Mlflow):
    workspace = mlflow.use(lambda s: s.workspaces.list(caller=OWNER_OF_TESTS))[0].id
    new = NewRun(experiment_name="v1", spec=RunSpec(kind=RunKind.INTERACTIVE), display_name="d")
    run = mlflow.use(lambda s: s.runs.create(workspace, new, caller=OWNER_OF_TESTS))
    queued = replace(run, state=RunState.QUEUED, started_at=None)
    mlflow.use(lambda s: s.stores.runs.save(queued))

    shown = show(mlflow, run.id)

    assert (shown["info"]["status"], shown["info"]["run_name"]) == ("SCHEDULED", "d")
    assert shown["info"]["start_time"] == int(run.created_at.timestamp() * 1000)
    assert tags(shown) == {
        "mlflow.runName": "d",
        "mlflow.user": "owner",
        "mlflow.source.type": "LOCAL",
    }


def test_a_script_begins_runs_below_its_own(mlflow: Mlflow):
    own = begin(mlflow)["info"]["run_id"]
    other = begin(mlflow)["info"]["run_id"]
    token = mlflow.token_of(own)

    child = begin(mlflow, token=token)
    below = begin(mlflow, token=token, tags={"mlflow.parentRunId": child["info"]["run_id"]})

    assert tags(child)["mlflow.parentRunId"] == own
    assert tags(below)["mlflow.parentRunId"] == child["info"]["run_id"]
    for run_id in (own, child["info"]["run_id"]):
        body = {"run_id": run_id, "key": "k", "value": "v"}
        mlflow.done("POST", "runs/log-parameter", body, token=token)
    foreign = {"run_id": other, "key": "k", "value": "v"}
    assert mlflow.refused("POST", "runs/log-parameter", foreign, token=token) == ABSENT


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "runs/get", {}),
        ("POST", "runs/update", {"status": "FINISHED"}),
        ("POST", "runs/delete", {}),
        ("POST", "runs/restore", {}),
        ("POST", "runs/set-tag", {"key": "k", "value": "v"}),
        ("POST", "runs/delete-tag", {"key": "k"}),
        ("POST", "runs/log-parameter", {"key": "k", "value": "v"}),
        ("POST", "runs/log-inputs", {"datasets": []}),
    ],
)
def test_a28_a_run_of_another_workspace_is_absent(
    mlflow: Mlflow, method: str, path: str, body: dict
):
    mlflow.workspace("theirs")
    made = mlflow.done("POST", "runs/create", {"experiment_id": "0"}, workspace="theirs")
    foreign = made["run"]["info"]["run_id"]
    there = mlflow.ask(method, path, {"run_id": foreign, **body})
    nowhere = mlflow.ask(method, path, {"run_id": "f" * 32, **body})
    assert there.status == 404
    assert there.body == nowhere.body.replace(b"f" * 32, foreign.encode())


def test_a_parent_that_is_not_here_is_kept_as_it_was_named(mlflow: Mlflow):
    elsewhere = begin(mlflow, tags={"mlflow.parentRunId": "f" * 32})["info"]["run_id"]
    assert tags(show(mlflow, elsewhere))["mlflow.parentRunId"] == "f" * 32
    later = begin(mlflow)["info"]["run_id"]
    parent = {"run_id": later, "key": "mlflow.parentRunId", "value": "f" * 32}
    mlflow.done("POST", "runs/set-tag", parent)
    here = begin(mlflow)["info"]["run_id"]
    mlflow.done("POST", "runs/set-tag", {**parent, "run_id": elsewhere, "value": here})

    def below(run_id: str) -> list[str]:
        text = f"tags.mlflow.parentRunId = '{run_id}'"
        body = {"experiment_ids": ["0"], "filter": text}
        found = mlflow.done("POST", "runs/search", body).get("runs", [])
        return [run["info"]["run_id"] for run in found]

    assert (below("f" * 32), below(here)) == ([later], [elsewhere])
    assert tags(show(mlflow, elsewhere))["mlflow.parentRunId"] == here


def test_a_workspace_that_is_named_does_not_depend_on_who_asked_before(mlflow: Mlflow):
    mlflow.workspace("twin")
    second = mlflow.workspace("twin", group="other")
    new = NewRun(experiment_name="e", spec=RunSpec(kind=RunKind.INTERACTIVE))
    run = mlflow.use(lambda s: s.runs.create(second.id, new, caller=OWNER_OF_TESTS))
    token = mlflow.token_of(run.id, workspace_id=second.id)

    def status(token: str | None = None) -> int:
        reply = mlflow.ask("GET", "runs/get", {"run_id": run.id}, token=token, workspace="twin")
        return reply.status

    assert [status(), status(token), status()] == [404, 200, 404]


@pytest.mark.parametrize(
    "root", ["/api/2.0/preview/mlflow", "/ajax-api/2.0/mlflow", "/ajax-api/2.0/preview/mlflow"]
)
def test_older_addresses_lead_to_the_same_routes(mlflow: Mlflow, root: str):
    run_id = begin(mlflow)["info"]["run_id"]
    assert mlflow.done("GET", f"{root}/runs/get", {"run_id": run_id})["run"]


@pytest.mark.parametrize(
    ("user_id", "shown"), [("eve", "eve"), ("unknown", "owner"), ("", "owner")]
)
def test_a_user_that_the_client_names_is_the_user_of_the_run(
    mlflow: Mlflow, user_id: str, shown: str
):
    made = begin(mlflow, user_id=user_id)
    assert made["info"]["user_id"] == tags(made)["mlflow.user"] == shown
    told = begin(mlflow, user_id=user_id, tags={"mlflow.user": "bob"})
    assert told["info"]["user_id"] == "bob"
