"""Datastores as a client meets them."""

import json
import re
from dataclasses import replace
from functools import partial

import doors
import pytest
from doors import HOST, bearer_of, bytes_of
from zaffre.protocols.http.door import create_litestar
from zaffre.protocols.http.house import House
from zaffre.protocols.native.router import create_router

from native.conftest import Api

BUILT_IN = [
    "workspaceartifactstore",
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceworkingdirectory",
]
SECRET = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA=="  # noqa: S105
BLOB = {
    "name": "blobs",
    "kind": "azure_blob",
    "settings": {"account_name": "acc", "container_name": "c"},
    "credential": {"account_key": SECRET},
    "description": "of the team",
    "tags": {"k": "v"},
}
LOCAL = {"name": "near", "kind": "local", "settings": {"root": "data", "folder": "team"}}


@pytest.fixture
def stores(api: Api) -> str:
    return f"{api.home}/datastores"


def test_every_workspace_has_four(api: Api, stores: str):
    found = api.done("GET", stores)["value"]
    assert [one["name"] for one in found] == BUILT_IN
    assert [one["is_default"] for one in found] == [False, True, False, False]
    assert {one["kind"] for one in found} == {"azure_blob", "azure_file"}
    assert all(one["is_builtin"] for one in found)
    assert api.done("GET", f"{stores}/WorkspaceBlobStore") == found[1]


def test_a_datastore_is_kept(api: Api, stores: str):
    made = api.done("POST", stores, BLOB)
    assert made["credential_kind"] == "account_key"
    assert {key: made[key] for key in ("name", "kind", "settings", "description", "tags")} == {
        key: BLOB[key] for key in ("name", "kind", "settings", "description", "tags")
    }
    assert (made["is_default"], made["is_builtin"], made["created_by"]) == (False, False, "owner")
    assert api.done("GET", f"{stores}/BLOBS") == made
    assert [one["name"] for one in api.done("GET", stores)["value"]] == ["blobs", *BUILT_IN]


def test_a_name_is_taken_until_it_may_be_overwritten(api: Api, stores: str):
    made = api.done("POST", stores, BLOB)
    assert api.refused("POST", stores, {**BLOB, "name": "Blobs"}) == (409, "DatastoreExists")
    changed = api.done("POST", stores, {**LOCAL, "name": "blobs", "overwrite": True})
    assert (changed["kind"], changed["credential_kind"]) == ("local", "none")
    assert changed["created_at"] == made["created_at"]
    for name in BUILT_IN:
        refused = api.refused("POST", stores, {**BLOB, "name": name, "overwrite": True})
        assert refused == (409, "DatastoreIsBuiltIn")


def test_the_default_one_is_chosen(api: Api, stores: str):
    api.done("POST", stores, LOCAL)
    default = f"{api.home}/default-datastore"
    assert api.done("PUT", default, {"name": "NEAR"})["is_default"] is True
    assert [one["name"] for one in api.done("GET", stores)["value"] if one["is_default"]] == [
        "near"
    ]
    assert api.refused("DELETE", f"{stores}/near") == (409, "DatastoreIsDefault")
    api.done("PUT", default, {"name": "workspacefilestore"})
    api.done("DELETE", f"{stores}/near")
    assert api.refused("PUT", default, {"name": "near"}) == (404, "DatastoreNotFound")


def test_unregistering_leaves_the_files(api: Api, stores: str):
    api.done("POST", stores, LOCAL)
    api.done("PUT", f"{stores}/near/files/a", b"data")
    api.done("DELETE", f"{stores}/near")
    assert api.refused("DELETE", f"{stores}/near") == (404, "DatastoreNotFound")
    api.done("POST", stores, {**LOCAL, "name": "again"})
    assert api.ask("GET", f"{stores}/again/files/a").body == b"data"
    assert api.refused("DELETE", f"{stores}/workspaceblobstore") == (409, "DatastoreIsBuiltIn")


def test_c75_an_unknown_datastore_is_answered_with_those_there_are(api: Api, stores: str):
    api.done("POST", stores, LOCAL)
    for path in ("", "/files", "/files/a", "/nearby"):
        error = api.ask("GET", f"{stores}/nope{path}").error
        assert error["code"] == "DatastoreNotFound"
        assert "`nope`" in error["message"]
        for name in (*BUILT_IN, "near"):
            assert f"`{name}`" in error["innererror"]["hint"]


def test_a32_a_credential_is_never_seen_again(api: Api, stores: str, tmp_path):
    api.done("POST", stores, BLOB)
    answers = [
        api.ask("GET", path).body
        for path in (stores, f"{stores}/blobs", f"{stores}/blobs/nearby", f"{stores}/blobs/files")
    ]
    answers.append(api.ask("POST", stores, BLOB).body)
    assert not any(SECRET.encode() in answer for answer in answers)
    for file in tmp_path.glob("zaffre.db*"):
        assert SECRET.encode() not in file.read_bytes()


def test_a32_a_sealed_credential_opens_for_its_own_datastore_alone(api: Api, stores: str):
    api.done("POST", stores, BLOB)
    work, workspace = api.doors.house.work, api.home.rpartition("/")[2]

    def swap(s):
        s.stores.datastores.put(replace(s.stores.datastores.find(workspace, "blobs"), name="x"))

    api.runner.run(work.write(swap))
    assert api.refused("GET", f"{stores}/x/files") == (422, "SecretUnreadable")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**LOCAL, "settings": {"root": "/"}}, "InvalidSetting"),
        ({**LOCAL, "settings": {"root": "etc"}}, "DataRootUnknown"),
        ({**LOCAL, "settings": {"root": "data", "folder": "/etc"}}, "InvalidPath"),
        ({**LOCAL, "settings": {"root": "data", "folder": "../.."}}, "InvalidPath"),
        ({**LOCAL, "settings": {"root": "data", "folder": ".zaffre-parts"}}, "InvalidPath"),
        ({**LOCAL, "settings": {"root": "data", "path": "/etc"}}, "UnknownSetting"),
        ({**LOCAL, "settings": {}}, "MissingSetting"),
        ({**LOCAL, "kind": "file"}, "InvalidKind"),
        ({**LOCAL, "name": "../x"}, "InvalidName"),
        ({**BLOB, "settings": {**BLOB["settings"], "endpoint": "file:///etc"}}, "InvalidSetting"),
    ],
)
def test_a11_a_datastore_names_no_place_of_its_own(api: Api, stores: str, body, code):
    assert api.refused("POST", stores, body) == (400, code)


def test_a11_local_datastores_lie_below_the_folders_that_the_server_was_given(
    api: Api, stores: str, tmp_path
):
    api.done("POST", stores, LOCAL)
    api.done("PUT", f"{stores}/near/files/a/b", b"data")
    assert (tmp_path / "data root" / "team" / "a" / "b").read_bytes() == b"data"
    [root] = api.done("GET", f"{api.home}/data-roots")["value"]
    assert root == {"root": "data", "folder": str(tmp_path / "data root")}
    error = api.ask("POST", stores, {**LOCAL, "name": "x", "settings": {"root": "etc"}}).error
    assert error["innererror"]["hint"] == "Use one of `data`."


def test_a11_only_owners_say_which_storage_there_is(api: Api, stores: str):
    token = api.token_of(api.run())
    for method, path, body in (
        ("POST", stores, LOCAL),
        ("DELETE", f"{stores}/near", None),
        ("PUT", f"{api.home}/default-datastore", {"name": "workspacefilestore"}),
        ("GET", f"{api.home}/data-roots", None),
    ):
        assert api.refused(method, path, body, token=token) == (403, "Forbidden")
    assert len(api.done("GET", stores, token=token)["value"]) == 4


def test_a28_datastores_of_another_workspace_are_absent(api: Api):
    other = api.workspace("other")
    api.done("POST", f"{other}/datastores", LOCAL)
    token = api.token_of(api.run())
    for path in ("/datastores", "/datastores/near", "/datastores/near/files", "/data-roots"):
        status, _ = api.refused("GET", f"{other}{path}", token=token)
        assert status in {403, 404}
    assert api.refused("GET", f"{other}/datastores/near", token=token)[0] == 404
    assert api.refused("GET", f"{api.home}/datastores/near") == (404, "DatastoreNotFound")


def test_a_caller_of_this_machine_is_told_where_the_files_lie(api: Api, stores: str, tmp_path):
    found = api.done("GET", f"{stores}/workspaceblobstore/nearby")
    assert found["folder"].startswith(str(tmp_path))
    with open(found["proof"]) as proof:  # noqa: PTH123 - as a client does
        assert proof.read() == found["proof_text"]
    api.done("POST", stores, BLOB)
    nowhere = {"folder": None, "proof": "", "proof_text": ""}
    assert api.done("GET", f"{stores}/blobs/nearby") == nowhere


def test_behind_a_proxy_nobody_but_runs_is_on_this_machine(tmp_path, monkeypatch, request):
    monkeypatch.setattr(doors, "House", partial(House, is_behind_proxy=True))
    api: Api = request.getfixturevalue("api")
    path = f"{api.home}/datastores/workspaceblobstore/nearby"
    assert api.done("GET", path)["folder"] is None
    token = api.token_of(api.run())
    assert api.done("GET", path, token=token)["folder"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("client", "header"),
    [
        (("10.0.0.7", 1), None),
        (("::ffff:10.0.0.7", 1), None),
        (None, None),
        (("127.0.0.1", 1), b"x-forwarded-for"),
        (("127.0.0.1", 1), b"forwarded"),
        (("127.0.0.1", 1), b"x-forwarded-host"),
    ],
)
def test_a_caller_of_another_machine_is_not(api: Api, stores: str, client, header):
    headers = [bearer_of(None), HOST, *([(header, b"10.0.0.7")] if header else [])]
    path = f"{stores}/workspaceblobstore/nearby"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "headers": headers, "client": client, "server": ("127.0.0.1", 8642),
    }  # fmt: skip
    body = bytearray()

    async def receive():
        return {"type": "http.request", "body": bytes_of(None), "more_body": False}

    async def send(message):
        body.extend(message.get("body", b""))

    api.runner.run(api.doors.app(scope, receive, send))
    assert json.loads(bytes(body))["folder"] is None


def test_a_workspace_takes_its_files_along(api: Api, tmp_path):
    other = api.workspace("other")
    for home in (api.home, other):
        api.done("PUT", f"{home}/datastores/workspaceblobstore/files/a", b"data")
    api.done("DELETE", other)
    left = [path.name for path in (tmp_path / "datastores").iterdir()]
    assert left == [api.home.rpartition("/")[2]]


# Each is below something that belongs to a client's thing, or an address of another system.
RELATIVE = {
    "path": "below a datastore, a run, a snapshot or a model",
    "path_on_compute": "on the machine of a run, where its runner lays it",
    "run_path": "below the artifacts of a run",
    "log_path": "below the logs of a run",
    "files": "a list of entries by digest",
    "location": "the region that a workspace names, without effect",
    "include_path": "whether there is a column",
}
PLACES = re.compile(
    r"(?:^|_)(?:path|paths|dir|directory|file|files|folder|root|location|uri)(?:_|$)"
)


def test_a10_no_field_is_a_path_of_the_server(api: Api):
    described = create_litestar(api.doors.house, [create_router()]).openapi_schema.to_schema()
    named = {
        parameter["name"]
        for methods in described["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
    }
    for name, shape in described["components"]["schemas"].items():
        if name.endswith(("Out", "List", "DataRoot")):  # what the server answers
            continue
        named |= set(shape.get("properties", ()))
    suspicious = {name for name in named if PLACES.search(name)}
    unknown = suspicious - RELATIVE.keys()
    assert suspicious >= {"path", "run_path"}
    assert unknown == set(), "say in RELATIVE why this is no path of the server's own disk"


@pytest.mark.parametrize("path", ["/etc/passwd", "/dev/urandom", "../../../etc/passwd"])
def test_a10_no_path_leads_to_the_server_s_own_disk(api: Api, stores: str, tmp_path, path: str):
    encoded = path.replace("/", "%2F")
    files = f"{stores}/workspaceblobstore/files"
    for method, target in (
        ("GET", f"{files}/{encoded}"),
        ("GET", f"{files}?prefix={encoded}"),
        ("GET", f"{files}?pattern={encoded}"),
        ("DELETE", f"{files}?prefix={encoded}"),
    ):
        reply = api.ask(method, target)
        nothing = {"value": [], "next": None}, {"count": 0}
        assert reply.status in {400, 404} or reply.json in nothing, (target, reply.body)
    # With slashes in front it is a file of the datastore, wherever that lies.
    reply = api.ask("PUT", f"{files}/{encoded}", b"x")
    assert reply.status == 400 or list((tmp_path / "datastores").rglob(path.lstrip("/")))
