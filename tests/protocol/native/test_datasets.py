"""Datasets over HTTP: registering, versions, what files were, and what runs did with them."""

from hashlib import sha256
from typing import Any

import pytest

from native.conftest import Api

STORE = "workspaceblobstore"
WEB = "https://example.org/data.csv"
CSV = b"a,b\n1,2\n"


def put(api: Api, path: str, data: bytes = CSV, *, store: str = STORE) -> None:
    address = f"{api.home}/datastores/{store}/files/{path}?overwrite=true"
    api.done("PUT", address, data, headers=((b"content-type", b"application/octet-stream"),))


def files(*paths: str, store: str = STORE, **fields: Any) -> dict[str, Any]:
    places = [{"path": path, "datastore": store} for path in paths]
    return {"kind": "file", "places": places, **fields}


def register(api: Api, name: str | None, definition: dict[str, Any], **said: Any) -> Any:
    body = {"definition": definition, **({} if name is None else {"name": name}), **said}
    token = body.pop("token", None)
    return api.done("POST", f"{api.home}/datasets", body, token=token)


def error_of(api: Api, body: dict[str, Any]) -> tuple[int, str, str]:
    reply = api.ask("POST", f"{api.home}/datasets", body)
    return reply.status, reply.code, reply.error["message"]


@pytest.fixture
def stored(api: Api) -> Api:
    for path in ("d/a.csv", "d/b.csv", "d/deep/c.csv", "e/a.csv"):
        put(api, path, path.encode())
    return api


def test_a_dataset_is_registered_found_changed_and_unregistered(stored: Api):
    api = stored
    definition = {
        **files("d/*.csv"),
        "kind": "tabular",
        "reader": {"format": "delimited", "separator": ";"},
        "types": {"a": {"name": "integer"}},
        "steps": [{"do": "take", "count": 3}],
    }
    reply = api.ask(
        "POST",
        f"{api.home}/datasets",
        {"name": "data", "definition": definition, "description": "d", "tags": {"a": "b"}},
    )
    made = reply.json
    assert (reply.status, made["name"], made["version"]) == (201, "data", 1)
    assert (made["files"], made["bytes"], made["created_by"]) == (2, 14, "owner")
    assert made["definition"]["steps"] == [{"do": "take", "count": 3}]
    assert made["definition"]["reader"] == {"format": "delimited", "separator": ";"}
    one = f"{api.home}/datasets/{made['id']}"
    named = f"{api.home}/dataset-names/data"
    assert api.done("GET", one) == made
    assert api.done("GET", f"{named}/versions/latest") == made
    assert api.done("GET", f"{named}/versions/1") == made
    changed = api.done("PATCH", one, {"description": "", "tags": {"a": None, "c": "d"}})
    assert (changed["description"], changed["tags"]) == ("", {"c": "d"})
    assert api.ask("DELETE", named).status == 204
    assert api.refused("GET", f"{named}/versions/latest") == (404, "DatasetNotFound")
    assert api.refused("DELETE", named) == (404, "DatasetNotFound")
    kept = api.done("GET", one)
    assert (kept["name"], kept["version"], kept["files"]) == (None, None, 2)


def test_versions_stay_what_they_were_and_the_same_one_is_not_made_twice(stored: Api):
    api = stored
    first = register(api, "data", files("d/*.csv"))
    assert register(api, "data", files("/d/*.csv"), tags={"other": "tag"}) == first
    second = register(api, "data", files("d/*.csv"), new_version=True)
    third = register(api, "data", files("e"), new_version=True)
    assert [one["version"] for one in (first, second, third)] == [1, 2, 3]
    refused = api.ask(
        "POST", f"{api.home}/datasets", {"name": "data", "definition": files("d/*.csv")}
    )
    assert (refused.status, refused.code) == (409, "DatasetExists")
    assert "create_new_version=True" in refused.body.decode()
    listed = api.done("GET", f"{api.home}/dataset-names/data/versions?limit=2")
    assert [one["version"] for one in listed["value"]] == [3, 2]
    rest = api.done(
        "GET", f"{api.home}/dataset-names/data/versions?limit=2&after={listed['next']}"
    )
    assert ([one["version"] for one in rest["value"]], rest["next"]) == ([1], None)


def test_the_newest_version_of_each_name_is_listed_page_by_page(stored: Api):
    api = stored
    for name in ("b", "a", "b", "diabetes dataset"):
        register(api, name, files("d"), new_version=True)
    register(api, None, files("d"))
    page = api.done("GET", f"{api.home}/datasets?limit=2")
    assert [(one["name"], one["version"]) for one in page["value"]] == [("a", 1), ("b", 2)]
    rest = api.done("GET", f"{api.home}/datasets?limit=2&after={page['next']}")
    assert [one["name"] for one in rest["value"]] == ["diabetes dataset"]
    found = api.done("GET", f"{api.home}/dataset-names/diabetes%20dataset/versions/latest")
    assert found["id"] == rest["value"][0]["id"]


def test_a_nameless_definition_is_kept_once_while_its_files_are_the_same(stored: Api):
    api = stored
    kept = register(api, None, files("d/**"))
    assert (kept["name"], kept["version"], kept["files"]) == (None, None, 3)
    assert register(api, None, files("d/**"))["id"] == kept["id"]
    put(api, "d/new.csv")
    assert register(api, None, files("d/**"))["id"] != kept["id"]


def test_a_version_remembers_its_files(stored: Api):
    api = stored
    made = register(api, "data", files("d/**", "d/a.csv", "e/a.csv"))
    page = api.done("GET", f"{api.home}/datasets/{made['id']}/marks?limit=3")
    rest = api.done("GET", f"{api.home}/datasets/{made['id']}/marks?after={page['next']}&limit=3")
    marks = [*page["value"], *rest["value"]]
    assert [mark["path"] for mark in marks] == ["d/a.csv", "d/b.csv", "d/deep/c.csv", "e/a.csv"]
    assert made["files"] == 4
    assert rest["next"] is None
    for mark in marks:
        assert mark["digest"] == sha256(mark["path"].encode()).hexdigest()
        assert (mark["size"], mark["datastore"]) == (len(mark["path"]), STORE)


def test_a_version_says_so_when_its_files_changed_underneath(stored: Api):
    api = stored
    made = register(api, "data", files("d/*.csv"))

    def changes() -> Any:
        return api.done("GET", f"{api.home}/datasets/{made['id']}/changes")

    same = {"checked": 2, "changed": [], "missing": [], "added": []}
    assert changes() == same
    put(api, "d/a.csv", b"d/a.csv")  # the same bytes at another time
    assert changes() == same
    put(api, "d/a.csv", b"d/b.csv")  # as many bytes
    put(api, "d/z.csv")
    api.done("DELETE", f"{api.home}/datastores/{STORE}/files?prefix=d/b.csv")
    now = {"checked": 2, "changed": ["d/a.csv"], "missing": ["d/b.csv"], "added": ["d/z.csv"]}
    assert changes() == now
    assert api.done("GET", f"{api.home}/datasets/{made['id']}") == made
    newer = register(api, "data", files("d/*.csv"), new_version=True)
    assert api.done("GET", f"{api.home}/datasets/{newer['id']}/changes") == same


def test_files_of_several_datastores_are_told_apart(api: Api):
    for store in (STORE, "workspacefilestore"):
        put(api, "x/a.csv", store=store)
    both = files("x/*", "x/*")
    both["places"][1]["datastore"] = "WorkspaceFileStore"
    made = register(api, "both", both)
    assert made["files"] == 2
    put(api, "x/b.csv", store="workspacefilestore")
    changes = api.done("GET", f"{api.home}/datasets/{made['id']}/changes")
    assert changes["added"] == ["workspacefilestore/x/b.csv"]


def test_c73_a_pattern_without_files_is_named_with_its_datastore(stored: Api):
    api = stored
    for pattern in ("d/*.parquet", "D/*.csv", "nothing"):
        for said in ({"name": "data"}, {}):
            body = {**said, "definition": files("d/*.csv", pattern)}
            status, code, message = error_of(api, body)
            assert (status, code) == (400, "NoFilesMatch")
            assert f"`{pattern}`" in message
            assert f"`{STORE}`" in message
    assert api.done("GET", f"{api.home}/datasets")["value"] == []


def test_what_a_run_left_may_be_nothing(stored: Api, run: str):
    run_id = run.rpartition("/")[2]
    kept = register(stored, None, files("nothing"), run_id=run_id)
    assert (kept["files"], kept["run_id"]) == (0, run_id)
    body = {"name": "data", "definition": files("nothing"), "run_id": run_id}
    assert error_of(stored, body)[1] == "NoFilesMatch"


def test_c75_an_unknown_datastore_is_refused_with_those_there_are(stored: Api):
    query = {
        "kind": "tabular",
        "reader": {"format": "sql", "datastore": "blobs", "query": "SELECT 1"},
    }
    for definition in (files("d/*.csv", store="blobs"), query):
        reply = stored.ask("POST", f"{stored.home}/datasets", {"definition": definition})
        assert (reply.status, reply.code) == (404, "DatastoreNotFound")
        assert "`blobs`" in reply.error["message"]
        for known in (STORE, "workspacefilestore", "workspaceartifactstore"):
            assert known in reply.body.decode()


def test_a_query_has_no_files_and_a_database_no_patterns(api: Api):
    database = {
        "name": "sales",
        "kind": "azure_postgresql",
        "settings": {"server_name": "db.example.org", "database_name": "sales"},
    }
    api.done("POST", f"{api.home}/datastores", database)
    reader = {"format": "sql", "datastore": "Sales", "query": "SELECT 1"}
    made = register(api, "answer", {"kind": "tabular", "reader": reader})
    assert (made["files"], made["bytes"]) == (0, 0)
    assert api.done("GET", f"{api.home}/datasets/{made['id']}/marks")["value"] == []
    assert api.done("GET", f"{api.home}/datasets/{made['id']}/changes")["checked"] == 0
    body = {"name": "x", "definition": files("*.csv", store="sales")}
    assert error_of(api, body)[:2] == (400, "DatastoreHasNoFiles")


def test_a10_a_definition_names_no_path_of_the_server(stored: Api):
    for path in ("../../data/zaffre.db", "d/../../../token", "/../token"):
        body = {"name": "data", "definition": files(path)}
        assert error_of(stored, body)[:2] == (400, "InvalidDefinition")
    for address in ("file:///etc/passwd", "/etc/passwd", "C:/x", "ftp://h/x", "//h/x"):
        body = {"definition": {"kind": "file", "places": [{"path": address}]}}
        assert error_of(stored, body)[:2] == (400, "InvalidDefinition")


def test_addresses_are_marked_by_clients_and_never_opened(api: Api):
    mark = {"path": WEB, "size": 9, "mark": "etag"}
    definition = {"kind": "file", "places": [{"path": WEB}]}
    made = register(api, "web", definition, marks=[mark])
    assert (made["files"], made["bytes"]) == (1, 9)
    marks = api.done("GET", f"{api.home}/datasets/{made['id']}/marks")["value"]
    assert [(one["path"], one.get("datastore")) for one in marks] == [(WEB, None)]
    changes = api.done("GET", f"{api.home}/datasets/{made['id']}/changes")
    assert changes == {"checked": 0, "changed": [], "missing": [], "added": []}
    for wrong in ({"path": "https://x.org/a"}, {"datastore": STORE}, {"size": -1}):
        body = {"name": "w", "definition": definition, "marks": [{**mark, **wrong}]}
        assert error_of(api, body)[:2] == (400, "InvalidMarks")
    for marks in ([{**mark, "size": (1 << 50) + 1}], [mark, mark]):
        body = {"name": "w", "definition": definition, "marks": marks}
        assert error_of(api, body)[:2] == (400, "InvalidMarks")


def test_a30_what_the_house_decides_is_not_taken(stored: Api):
    for field in ("id", "version", "files", "created_by"):
        body = {"name": "data", "definition": files("d"), field: "1"}
        assert error_of(stored, body)[:2] == (400, "UnknownField")


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "InvalidName"), ("a/b", "InvalidName"), ("a:1", "InvalidName"), ("..", "InvalidName")],
)
def test_names_that_no_address_could_have_are_refused(stored: Api, name: str, code: str):
    body = {"name": name, "definition": files("d")}
    assert error_of(stored, body)[:2] == (400, code)


def test_what_is_not_there_says_what_there_is(stored: Api):
    api = stored
    register(api, "diabetes", files("d"))
    register(api, "diabetes", files("d"), new_version=True)
    reply = api.ask("GET", f"{api.home}/dataset-names/diabetes/versions/9")
    assert (reply.status, reply.code) == (404, "DatasetNotFound")
    assert "2, 1" in reply.body.decode()
    reply = api.ask("GET", f"{api.home}/dataset-names/diabetis/versions/latest")
    assert "`diabetes`" in reply.body.decode()
    for version in ("0x1", "-1", "1e3", "newest"):
        asked = f"{api.home}/dataset-names/diabetes/versions/{version}"
        assert api.refused("GET", asked) == (400, "InvalidVersion")


def test_a28_datasets_of_another_workspace_are_absent(stored: Api):
    made = register(stored, "data", files("d"))
    other = stored.workspace("other")
    for path in (f"datasets/{made['id']}", f"datasets/{made['id']}/changes"):
        assert stored.refused("GET", f"{other}/{path}") == (404, "DatasetNotFound")
    assert stored.refused("GET", f"{other}/dataset-names/data/versions/1")[0] == 404
    assert stored.done("GET", f"{other}/datasets")["value"] == []


class TestRuns:
    def test_a_run_registers_and_is_recorded(self, stored: Api, run: str):
        token = stored.token_of(run)
        made = register(stored, "data", files("d"), token=token)
        run_id = run.rpartition("/")[2]
        assert (made["run_id"], made["created_by"]) == (run_id, f"run {run_id}")
        changed = stored.done(
            "PATCH", f"{stored.home}/datasets/{made['id']}", {"tags": {"a": "b"}}, token=token
        )
        assert changed["tags"] == {"a": "b"}

    def test_a_run_changes_only_what_it_made(self, stored: Api, run: str):
        made = register(stored, "data", files("d"))
        token = stored.token_of(run)
        one = f"{stored.home}/datasets/{made['id']}"
        forbidden = (403, "Forbidden")
        assert stored.refused("PATCH", one, {"description": "x"}, token=token) == forbidden
        named = f"{stored.home}/dataset-names/data"
        assert stored.refused("DELETE", named, token=token) == forbidden
        assert stored.done("GET", one, token=token) == made

    def test_a_run_that_made_a_version_does_not_take_the_name_of_the_others(
        self, stored: Api, run: str
    ):
        register(stored, "data", files("d"))
        token = stored.token_of(run)
        assert register(stored, "data", files("e"), new_version=True, token=token)["version"] == 2
        named = f"{stored.home}/dataset-names/data"
        assert stored.refused("DELETE", named, token=token) == (403, "Forbidden")
        register(stored, "own", files("d"), token=token)
        stored.done("DELETE", f"{stored.home}/dataset-names/own", token=token)

    def test_a47_a_run_speaks_for_itself_alone(self, stored: Api, run: str):
        other = stored.run()
        token = stored.token_of(run)
        body = {"definition": files("d"), "run_id": other.rpartition("/")[2]}
        asked = stored.refused("POST", f"{stored.home}/datasets", body, token=token)
        assert asked == (404, "RunNotFound")
        use = {"name": "x", "direction": "input", "datastore": STORE}
        assert stored.refused("POST", f"{other}/data", use, token=token) == (404, "RunNotFound")

    def test_what_a_run_read_and_made_is_known_both_ways(self, stored: Api, run: str):
        made = register(stored, "data", files("d"))
        token = stored.token_of(run)
        read = {
            "name": "training",
            "direction": "input",
            "mode": "mount",
            "dataset_id": made["id"],
            "path_on_compute": "/tmp/data",  # noqa: S108 - a text here
        }
        first = stored.done("POST", f"{run}/data", read, token=token)
        bare = {"name": "out", "direction": "output", "mode": "upload", "datastore": STORE}
        stored.done("POST", f"{run}/data", {**bare, "path": "x"}, token=token)
        again = stored.done("POST", f"{run}/data", {**read, "mode": "download"}, token=token)
        assert (again["mode"], again["at"]) == ("download", first["at"])
        uses = stored.done("GET", f"{run}/data")["value"]
        assert [(use["name"], use["direction"]) for use in uses] == [
            ("training", "input"),
            ("out", "output"),
        ]
        assert uses[0] == again
        assert (again["dataset_name"], again["dataset_version"]) == ("data", 1)
        assert again["experiment"] == "exp"
        of_dataset = stored.done("GET", f"{stored.home}/datasets/{made['id']}/uses")
        assert of_dataset == {"value": [again], "next": None}
        page = stored.done("GET", f"{run}/data?limit=1")
        rest = stored.done("GET", f"{run}/data?limit=1&after={page['next']}")
        assert [*page["value"], *rest["value"]] == uses

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"direction": "sideways"}, (400, "InvalidDirection")),
            ({"mode": "teleport"}, (400, "InvalidMode")),
            ({"name": ""}, (400, "InvalidName")),
            ({"datastore": None}, (400, "InvalidDataUse")),
            ({"dataset_id": "none"}, (404, "DatasetNotFound")),
        ],
    )
    def test_uses_that_are_none_are_refused(
        self, api: Api, run: str, wrong: dict[str, Any], code: tuple[int, str]
    ):
        use = {"name": "x", "direction": "input", "datastore": STORE}
        assert api.refused("POST", f"{run}/data", {**use, **wrong}) == code
        assert api.done("GET", f"{run}/data")["value"] == []

    def test_deleting_a_run_takes_its_uses_along_and_leaves_what_it_made(
        self, stored: Api, run: str
    ):
        token = stored.token_of(run)
        made = register(stored, "data", files("d"), token=token)
        use = {"name": "x", "direction": "output", "dataset_id": made["id"]}
        stored.done("POST", f"{run}/data", use)
        assert stored.done("DELETE", run)["runs"] == 1
        assert stored.done("GET", f"{stored.home}/datasets/{made['id']}/uses")["value"] == []
        assert stored.done("GET", f"{stored.home}/datasets/{made['id']}") == made

    def test_a_model_says_of_which_datasets_it_came(self, stored: Api, run: str):
        made = register(stored, "data", files("d"))
        came = {"name": "training", "dataset_id": made["id"]}
        test = {"name": "validation", "dataset_id": made["id"]}
        stored.done("PUT", f"{run}/artifacts/outputs/model.pkl", b"weights")
        body = {"name": "m", "run_id": run.rpartition("/")[2], "run_path": "outputs/model.pkl"}
        models = f"{stored.home}/models"
        model = stored.done("POST", models, {**body, "datasets": [came]})
        assert model["datasets"] == [came]
        changed = stored.done("PATCH", f"{models}/m:1", {"datasets": [test, came]})
        assert changed["datasets"] == [came, test]
        assert stored.done("PATCH", f"{models}/m:1", {"tags": {}})["datasets"] == [came, test]
        none = {"datasets": [{**came, "dataset_id": "none"}]}
        assert stored.refused("PATCH", f"{models}/m:1", none) == (404, "DatasetNotFound")
        assert stored.refused("POST", models, {**body, **none}) == (404, "DatasetNotFound")


def test_r18_versions_have_no_gaps_however_many_register_at_once(stored: Api):
    api = stored
    body = {"name": "data", "definition": files("d"), "new_version": True}

    async def all_at_once() -> list[Any]:
        import asyncio  # noqa: PLC0415

        from doors import BEARER, HOST, ask, bytes_of  # noqa: PLC0415

        asked = (
            ask(
                api.doors.app,
                "POST",
                f"{api.home}/datasets",
                headers=[BEARER, HOST],
                body=bytes_of(body),
            )
            for _ in range(64)
        )
        return await asyncio.gather(*asked)

    replies = api.runner.run(all_at_once())
    assert {reply.status for reply in replies} == {201}
    assert sorted(reply.json["version"] for reply in replies) == [*range(1, 65)]


def test_an_idempotency_key_registers_once(stored: Api):
    body = {"name": "data", "definition": files("d"), "new_version": True}
    key = ((b"idempotency-key", b"k1"),)
    first = stored.done("POST", f"{stored.home}/datasets", body, headers=key)
    assert stored.done("POST", f"{stored.home}/datasets", body, headers=key) == first
    assert register(stored, "data", files("d"), new_version=True)["version"] == 2
