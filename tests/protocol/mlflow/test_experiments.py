import json

import pytest
from protocol.mlflow.conftest import Mlflow

DENIED = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


def create(mlflow: Mlflow, name: str = "train", **fields: object) -> str:
    made = mlflow.done("POST", "experiments/create", {"name": name, **fields})
    return made["experiment_id"]


def get(mlflow: Mlflow, experiment_id: str) -> dict:
    query = {"experiment_id": experiment_id}
    return mlflow.done("GET", "experiments/get", query)["experiment"]


def names(mlflow: Mlflow, **body: object) -> list[str]:
    found = mlflow.done("POST", "experiments/search", body)
    return [one["name"] for one in found["experiments"]]


def test_an_experiment_has_what_the_client_reads(mlflow: Mlflow):
    tags = [{"key": "a", "value": "b"}, {"key": "mlflow.note.content", "value": "a note"}]
    made = create(mlflow, "my exp/with slash", tags=tags)

    shown = get(mlflow, made)

    assert shown.pop("creation_time") <= shown.pop("last_update_time")
    assert shown == {
        "experiment_id": made,
        "name": "my exp/with slash",
        "artifact_location": f"mlflow-artifacts:/experiments/{made}",
        "lifecycle_stage": "active",
        "tags": tags,
    }
    named = mlflow.done("GET", "experiments/get-by-name", {"experiment_name": "my exp/with slash"})
    assert named["experiment"]["experiment_id"] == made


def test_experiment_0_is_always_there_and_is_named_default(mlflow: Mlflow):
    assert get(mlflow, "0")["name"] == "Default"
    assert names(mlflow) == ["Default"]
    by_name = mlflow.done("GET", "experiments/get-by-name", {"experiment_name": "Default"})
    assert by_name["experiment"]["experiment_id"] == "0"
    refused = {"experiment_id": "0", "new_name": "other"}
    assert mlflow.refused("POST", "experiments/update", refused) == DENIED
    mlflow.done("POST", "experiments/delete", {"experiment_id": "0"})
    assert get(mlflow, "0")["lifecycle_stage"] == "deleted"


@pytest.mark.parametrize(
    "location",
    ["http:///#/../../../../etc/", "s3://b/a?/../../../etc", "http://h/a;../../etc", "/var/x"],
)
def test_a02_a03_artifacts_lie_on_this_server_alone(mlflow: Mlflow, location: str):
    body = {"name": "train", "artifact_location": location}
    reply = mlflow.ask("POST", "experiments/create", body)
    assert (reply.status, reply.json["error_code"]) == DENIED
    assert "Leave `artifact_location` out" in reply.json["message"]
    create(mlflow, artifact_location="")


@pytest.mark.parametrize(
    "name", ["", "a\nb", "a\x00", "\x1b[31m", "\u202ea", ".", "..", "e" * 501]
)
def test_a45_names_with_control_characters_are_refused(mlflow: Mlflow, name: str):
    assert mlflow.refused("POST", "experiments/create", {"name": name}) == DENIED


def test_a_deleted_experiment_keeps_its_name_and_hides_its_runs(mlflow: Mlflow):
    made = create(mlflow)
    run = mlflow.done("POST", "runs/create", {"experiment_id": made})["run"]["info"]["run_id"]
    mlflow.done("POST", "experiments/delete", {"experiment_id": made})

    again = mlflow.ask("POST", "experiments/create", {"name": "train"})
    assert (again.status, again.json["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert "deleted state" in again.json["message"]
    assert made in again.json["message"]
    assert mlflow.refused("POST", "runs/create", {"experiment_id": made}) == DENIED
    shown = mlflow.done("GET", "runs/get", {"run_id": run})["run"]["info"]
    assert shown["lifecycle_stage"] == "deleted"
    assert names(mlflow, view_type="DELETED_ONLY") == names(mlflow, view_type=2) == ["train"]

    mlflow.done("POST", "experiments/restore", {"experiment_id": made})
    shown = mlflow.done("GET", "runs/get", {"run_id": run})["run"]["info"]
    assert shown["lifecycle_stage"] == "active"


def test_a_new_name_is_the_name_everywhere(mlflow: Mlflow):
    made = create(mlflow)
    other = create(mlflow, "other")
    mlflow.done("POST", "runs/create", {"experiment_id": made})
    mlflow.done("POST", "experiments/update", {"experiment_id": made, "new_name": "better"})

    assert get(mlflow, made)["name"] == "better"
    taken = {"experiment_id": other, "new_name": "better"}
    assert mlflow.refused("POST", "experiments/update", taken) == (400, "RESOURCE_ALREADY_EXISTS")
    found = mlflow.done("POST", "runs/search", {"experiment_ids": [made]})["runs"]
    assert [run["info"]["experiment_id"] for run in found] == [made]


def test_tags_come_and_go(mlflow: Mlflow):
    made = create(mlflow)
    tag = {"experiment_id": made, "key": "k", "value": "v"}
    mlflow.done("POST", "experiments/set-experiment-tag", tag)
    assert get(mlflow, made)["tags"] == [{"key": "k", "value": "v"}]
    mlflow.done("POST", "experiments/delete-experiment-tag", {"experiment_id": made, "key": "k"})
    assert get(mlflow, made)["tags"] == []
    gone = {"experiment_id": made, "key": "k"}
    assert mlflow.refused("POST", "experiments/delete-experiment-tag", gone) == ABSENT


def test_experiments_are_searched_in_pages(mlflow: Mlflow):
    for name in ("a1", "a2", "b1"):
        create(mlflow, name, tags=[{"key": "t", "value": name.upper()}])
    assert names(mlflow, filter="name LIKE 'a%'", order_by=["name"]) == ["a1", "a2"]
    assert names(mlflow, filter="name LIKE 'A%'") == []
    assert names(mlflow, filter="name ILIKE 'A%'", order_by=["name DESC"]) == ["a2", "a1"]
    assert names(mlflow, filter="tags.t = 'B1' and creation_time > 5") == ["b1"]
    assert names(mlflow, filter="tags.t IS NULL") == ["Default"]
    assert names(mlflow, filter="experiment_id IN ('0')") == ["Default"]
    query = {"max_results": 3, "order_by": ["name"], "view_type": "ALL"}
    first = mlflow.done("GET", "experiments/search", query)
    more = {**query, "page_token": first["next_page_token"]}
    rest = mlflow.done("GET", "experiments/search", more)
    shown = [one["name"] for one in first["experiments"] + rest["experiments"]]
    assert (shown, rest.get("next_page_token")) == (["Default", "a1", "a2", "b1"], None)
    other = {**more, "order_by": ["name DESC"]}
    assert mlflow.refused("GET", "experiments/search", other) == DENIED


@pytest.mark.parametrize(
    "body",
    [
        {"filter": "metrics.x > 1"},
        {"filter": "name > 'a'"},
        {"filter": "creation_time = 'x'"},
        {"filter": "size = 1"},
        {"order_by": ["tags.t"]},
        {"max_results": 0},
        {"max_results": 10**9},
        {"view_type": "SOME"},
    ],
    ids=json.dumps,
)
def test_a_search_that_means_nothing_is_refused(mlflow: Mlflow, body: dict):
    assert mlflow.refused("POST", "experiments/search", body) == DENIED


def test_a28_an_experiment_of_another_workspace_is_absent(mlflow: Mlflow):
    mlflow.workspace("theirs")
    foreign = mlflow.done("POST", "experiments/create", {"name": "x"}, workspace="theirs")
    foreign_id = foreign["experiment_id"]
    for path, body in (
        ("experiments/update", {"new_name": "y"}),
        ("experiments/delete", {}),
        ("experiments/restore", {}),
        ("experiments/set-experiment-tag", {"key": "k", "value": "v"}),
        ("runs/create", {}),
    ):
        there = mlflow.ask("POST", path, {"experiment_id": foreign_id, **body})
        nowhere = mlflow.ask("POST", path, {"experiment_id": "f" * 32, **body})
        assert there.status == 404
        assert there.body == nowhere.body.replace(b"f" * 32, foreign_id.encode())


def test_what_a_script_may_do_with_experiments(mlflow: Mlflow):
    made = create(mlflow)
    run = mlflow.done("POST", "runs/create", {"experiment_id": made})["run"]["info"]["run_id"]
    token = mlflow.token_of(run)
    query = {"experiment_name": "train"}
    named = mlflow.done("GET", "experiments/get-by-name", query, token=token)
    assert named["experiment"]["experiment_id"] == made
    mlflow.done("POST", "experiments/create", {"name": "of a script"}, token=token)
    refused = mlflow.refused("POST", "experiments/delete", {"experiment_id": made}, token=token)
    assert refused == (403, "PERMISSION_DENIED")


def test_the_default_experiment_is_the_oldest_whoever_asked_first(mlflow: Mlflow):
    create(mlflow)
    found = mlflow.done("POST", "experiments/search", {"max_results": 10})["experiments"]
    assert [one["name"] for one in found] == ["train", "Default"]
    by_change = {"max_results": 10, "order_by": ["last_update_time"]}
    found = mlflow.done("POST", "experiments/search", by_change)["experiments"]
    assert [one["name"] for one in found] == ["Default", "train"]


def test_the_id_of_an_experiment_means_it_and_not_one_of_that_name(mlflow: Mlflow):
    meant = create(mlflow)
    other = mlflow.done("POST", "experiments/create", {"name": meant})["experiment_id"]
    tag = {"experiment_id": meant, "key": "k", "value": "v"}
    mlflow.done("POST", "experiments/set-experiment-tag", tag)
    mlflow.done("POST", "experiments/delete", {"experiment_id": meant})
    found = [
        mlflow.done("GET", "experiments/get", {"experiment_id": one})["experiment"]
        for one in (meant, other)
    ]
    assert [one["lifecycle_stage"] for one in found] == ["deleted", "active"]
    assert [one["tags"] for one in found] == [[{"key": "k", "value": "v"}], []]


def test_experiments_are_sorted_by_ten_fields_at_most_alike_or_not(mlflow: Mlflow):
    asked = {"order_by": ["name", "name DESC"], "max_results": 10}
    assert mlflow.done("POST", "experiments/search", asked)["experiments"]
    for bad in (["name"] * 11, ["tags.name"], ["tags.`mlflow.note.content`"]):
        refused = mlflow.refused("POST", "experiments/search", {"order_by": bad})
        assert refused == (400, "INVALID_PARAMETER_VALUE")
