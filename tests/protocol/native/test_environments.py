from native.conftest import Api

SPEC = {"pip_packages": ["numpy"], "conda_packages": ["pip"], "python_version": "3.8"}


def test_environments_are_registered_found_and_listed(api: Api):
    address = f"{api.home}/environments"
    body = {"name": "env", "spec": SPEC, "definition": {"name": "env", "odd": [None, 1.5]}}
    reply = api.ask("POST", address, body)
    made = reply.json
    assert (reply.status, made["version"]) == (200, "1")
    assert made["definition"] == body["definition"]
    assert made["spec"]["pip_packages"] == ["numpy"]
    assert api.done("POST", address, body) == made
    changed = api.done("POST", address, {**body, "definition": {}})
    assert changed["version"] == "2"
    assert api.done("GET", f"{address}/env") == changed
    assert api.done("GET", f"{address}/env?version=1") == made
    assert api.done("GET", address) == {"value": [changed]}
    assert api.refused("GET", f"{address}/env?version=9") == (404, "EnvironmentNotFound")
    assert api.refused("GET", f"{address}/none") == (404, "EnvironmentNotFound")
    assert api.refused("POST", address, {**body, "image": "x"}) == (400, "UnknownField")
    again = {**body, "version": "2"}
    assert api.refused("POST", address, again) == (409, "EnvironmentExists")
