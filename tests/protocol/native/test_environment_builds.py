import hashlib

from native.conftest import Api

NAME = "mine-1.0-py3-none-any.whl"


def test_builds_are_started_and_seen(api: Api):
    address = f"{api.home}/environments/AzureML-Minimal/builds"
    started = api.done("POST", address, {})
    assert (started["environment"], started["state"]) == ("AzureML-Minimal", "Queued")
    assert api.done("POST", address, {"version": "1"}) == started
    assert api.done("GET", address) == {"value": [started]}
    one = f"{api.home}/environment-builds/{started['id']}"
    assert api.done("GET", one) == started
    reply = api.ask("GET", f"{one}/log?offset=3")
    assert (reply.status, reply.body, reply.headers["x-zaffre-build-state"]) == (
        200,
        b"",
        "Queued",
    )
    assert api.refused("GET", f"{api.home}/environment-builds/none") == (404, "BuildNotFound")
    assert api.refused("POST", f"{api.home}/environments/none/builds", {}) == (
        404,
        "EnvironmentNotFound",
    )


def test_wheels_are_kept_listed_and_given_back(api: Api):
    digest = hashlib.sha256(b"wheel").hexdigest()
    api.done("PUT", f"{api.home}/blobs/{digest}", b"wheel")
    address = f"{api.home}/wheels/{NAME}"
    kept = api.done("PUT", address, {"digest": digest})
    assert (kept["name"], kept["digest"], kept["size"]) == (NAME, digest, 5)
    assert api.done("GET", f"{api.home}/wheels") == {"value": [kept]}
    assert api.ask("GET", address).body == b"wheel"
    other = hashlib.sha256(b"other").hexdigest()
    assert api.refused("PUT", address, {"digest": other}) == (409, "WheelExists")
    assert api.refused("PUT", f"{api.home}/wheels/x.whl", {"digest": digest}) == (
        400,
        "InvalidWheel",
    )
    assert api.refused("GET", f"{api.home}/wheels/none") == (404, "WheelNotFound")


def test_curated_environments_and_labels(api: Api):
    address = f"{api.home}/environments"
    assert api.done("GET", address) == {"value": []}
    names = [one["name"] for one in api.done("GET", f"{address}?curated=true")["value"]]
    assert "AzureML-Minimal" in names
    body = {"name": "env", "spec": {}, "definition": {}}
    api.done("POST", address, body)
    api.done("PUT", f"{address}/env/labels", {"version": "1", "labels": ["prod"]})
    assert api.done("GET", f"{address}/env?label=prod")["version"] == "1"
    assert api.refused("POST", address, {**body, "name": "AzureML-x"}) == (400, "InvalidName")


def test_what_lies_built_is_listed_and_pruned(api: Api):
    assert api.done("GET", "/api/v1/built-environments") == {"value": []}
    pruned = api.done("POST", "/api/v1/built-environments/prune", {"dry_run": True})
    assert pruned == {"removed": [], "bytes_freed": 0}


def test_images_wheels_and_options_come_back(api: Api):
    spec = {
        "pip_options": ["--pre"],
        "image": {"name": "python:3.11", "registry": "r", "username": "u", "password_secret": "p"},
    }
    body = {"name": "env", "spec": spec, "definition": {}}
    made = api.done("POST", f"{api.home}/environments", body)["spec"]
    assert made["pip_options"] == ["--pre"]
    assert {key: made["image"][key] for key in spec["image"]} == spec["image"]


def test_a19_c79_what_no_builder_would_take_is_refused_at_once(api: Api):
    for field, line in (
        ("pip_packages", "--index-url http://e"),
        ("pip_packages", "numpy; touch x"),
        ("pip_options", "--global-option=build_ext"),
        ("pip_options", "--find-links /etc"),
        ("conda_packages", "numpy\nRUN id"),
        ("preferred_packages", "six"),
    ):
        spec = {field: [line]}
        body = {"name": "env", "spec": spec, "definition": {}}
        refused = api.ask("POST", f"{api.home}/environments", body)
        assert (refused.status, refused.code) == (400, "InvalidRequirement")
        run = {"experiment": "exp", "spec": {"kind": "script", "environment": spec}}
        assert api.ask("POST", f"{api.home}/runs", run).status == 400
