"""`zaffre datasets` against a real server."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from live import LiveRuns, LiveServer
from zaffre.cli.main import main

STORE = "workspaceblobstore"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("datasets") / "home") as live:
        yield live


@pytest.fixture(scope="module")
def root(server: LiveServer) -> str:
    root = LiveRuns(server).root
    server.ask("PUT", f"{root}/datastores/{STORE}/files/d/a.csv", b"a,b\n")
    definition = {
        "kind": "tabular",
        "places": [{"path": "d/*.csv", "datastore": STORE}],
        "reader": {"format": "delimited"},
        "types": {"a": {"name": "integer"}},
        "steps": [{"do": "take", "count": 3}],
    }
    body = {"name": "data", "definition": definition, "new_version": True}
    for _ in range(2):
        server.json("POST", f"{root}/datasets", {**body, "tags": {"k": "v"}})
    return root


@pytest.fixture
def zaffre(server: LiveServer, root: str, monkeypatch: pytest.MonkeyPatch):  # noqa: ARG001 (made first)
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["datasets", *arguments])

    return run


def test_datasets_are_listed(zaffre) -> None:
    listed = zaffre("list")
    assert listed.exit_code == 0, listed.output
    assert listed.output.split() == [
        *("data:2", "Table", "of", "text", "files", "1", "file,", "4", "bytes")
    ]
    [told] = json.loads(zaffre("list", "-o", "json").output)
    assert (told["name"], told["version"], told["bytes"]) == ("data", 2, 4)


def test_a_dataset_is_shown_by_name_version_and_id(zaffre) -> None:
    shown = zaffre("show", "data", "--check")
    assert shown.exit_code == 0, shown.output
    for words in ("data:2", f"d/*.csv in {STORE}", "Keep the first 3", "a: integer", "k: v"):
        assert words in shown.output
    assert "Unchanged    1 file is as registered" in shown.output
    first = json.loads(zaffre("show", "data:1", "-o", "json").output)
    assert first["version"] == 1
    by_id = json.loads(zaffre("show", first["id"], "-o", "json", "--check").output)
    assert by_id["id"] == first["id"]
    assert by_id["changes"]["changed"] == []


def test_what_is_not_there_is_told(zaffre) -> None:
    for asked in ("data:9", "nothing"):
        shown = zaffre("show", asked)
        assert shown.exit_code == 1
        assert "There is no dataset" in shown.output
