"""What runners elsewhere fetch."""

from typing import Any

from native.conftest import Api


def submitted(api: Api, home: str, **environment: Any) -> str:
    """Submit a run and return the address of what its runner fetches."""
    spec = {
        "kind": "script",
        "script": "train.py",
        "snapshot_id": api.snapshot(home, **{"train.py": b"print()"}),
        "environment": environment,
    }
    run = api.done("POST", f"{home}/runs", {"experiment": "exp", "spec": spec})["id"]
    return f"{home}/runs/{run}/attempt/files"


def test_only_what_was_laid_ready_is_answered(api: Api):
    files = submitted(api, api.home, pip_packages=["numpy"])
    assert api.refused("GET", f"{files}/{'0' * 64}") == (404, "FileNotFound")
    other = f"{api.home}/runs/other/attempt/files/{'0' * 64}"
    assert api.refused("GET", other) == (404, "RunNotFound")


def test_a_wheel_is_answered_to_the_runs_that_install_it(api: Api):
    digest = api.blob(b"private")
    with_it = submitted(api, api.home, wheels={"mine-1.0-py3-none-any.whl": digest})
    without = submitted(api, api.home, pip_packages=["numpy"])
    elsewhere = submitted(api, api.workspace("other"), pip_packages=["numpy"])
    reply = api.ask("GET", f"{with_it}/{digest}")
    assert (reply.status, reply.body) == (200, b"private")
    for files in (without, elsewhere):
        assert api.refused("GET", f"{files}/{digest}") == (404, "FileNotFound")
