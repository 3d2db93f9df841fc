"""What runners elsewhere fetch."""

from native.conftest import Api


def test_only_what_was_laid_ready_is_answered(api: Api):
    spec = {
        "kind": "script",
        "script": "train.py",
        "snapshot_id": api.snapshot(**{"train.py": b"print()"}),
        "environment": {"pip_packages": ["numpy"]},
    }
    run = api.done("POST", f"{api.home}/runs", {"experiment": "exp", "spec": spec})["id"]
    files = f"{api.home}/runs/{run}/attempt/files"
    assert api.refused("GET", f"{files}/{'0' * 64}") == (404, "FileNotFound")
    other = f"{api.home}/runs/other/attempt/files/{'0' * 64}"
    assert api.refused("GET", other) == (404, "RunNotFound")
