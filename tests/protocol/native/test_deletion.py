import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.runs import RunState
from zaffre.services.eraser import Eraser
from zaffre_sdk.wire.metrics import BatchIn, Point

from native.conftest import Api

OWNER_OF_TESTS = Principal(name="owner", permissions=OWNER)
DATA = b"0123456789"
NOTHING = {"runs": 0, "artifacts": 0, "metrics": 0, "bytes_freed": 0, "bytes_pending": 0}
# What is left of a workspace in which everything was deleted.
KEPT = {"alembic_version", "workspaces", "experiments", "answers"}


def rows(folder: Path) -> dict[str, int]:
    """Return how many rows there are in each table that has some."""
    with closing(sqlite3.connect(folder / "zaffre.db")) as raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        counts = {
            name: raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 (ours)
            for (name,) in names
        }
    return {name: count for name, count in counts.items() if count}


def blobs(folder: Path) -> set[str]:
    return {file.name for file in (folder / "blobs").rglob("*") if file.is_file()}


def fill(api: Api, run: str, *, points: int = 3) -> None:
    """Leave a bit of everything in a run."""
    api.done("PUT", f"{run}/artifacts/outputs/a", DATA)
    api.done("PUT", f"{run}/artifacts/outputs/b", run.encode())
    api.done("PATCH", run, {"tags": {"k": "v"}, "properties": {"p": "q"}})
    entries = [Point("m", "scalar", 0.5, step, 1.0) for step in range(points)]
    assert api.log(run, BatchIn(writer="w", sequence=1, points=entries)).status < 300
    api.done("PUT", f"{run}/logs/user_logs/std_log.txt?offset=0", b"line\n")


def script(api: Api) -> str:
    spec = {"kind": "script", "script": "train.py", "snapshot_id": api.snapshot()}
    asked = {**spec, "environment": {"interpreter": "python"}}
    return api.run(spec=asked)


def end(api: Api, run: str) -> None:
    """End a run as the engine would."""
    *_, workspace_id, _, run_id = run.split("/")

    def use(s: Any) -> None:
        found = s.stores.runs.get(workspace_id, run_id)
        s.attempts.move(found, state=RunState.CANCELED)

    api.runner.run(api.doors.house.work.write(use))


def test_a_run_goes_with_everything_it_left(api: Api, run: str, tmp_path: Path):
    fill(api, run)
    foreseen = api.done("DELETE", f"{run}?dry_run=true")
    assert foreseen == {
        **NOTHING,
        "runs": 1,
        "artifacts": 2,
        "metrics": 3,
        "bytes_freed": 10 + len(run),
    }
    assert api.done("GET", run)["state"] == "Running"
    assert api.done("DELETE", run) == foreseen
    assert api.refused("GET", run) == (404, "RunNotFound")
    assert set(rows(tmp_path)) <= KEPT
    assert blobs(tmp_path) == set()
    assert not [file for file in (tmp_path / "logs").rglob("*") if file.is_file()]
    assert api.refused("DELETE", run) == (404, "RunNotFound")


def test_bytes_that_something_else_names_stay(api: Api, tmp_path: Path):
    runs = [api.run(), api.run()]
    for one in runs:
        fill(api, one)
    foreseen = api.done("DELETE", f"{runs[0]}?dry_run=true")
    assert foreseen["bytes_freed"] == len(runs[0])
    assert api.done("DELETE", runs[0]) == foreseen
    assert api.ask("GET", f"{runs[1]}/artifacts/outputs/a").body == DATA
    assert blobs(tmp_path) == {
        hashlib.sha256(data).hexdigest() for data in (DATA, runs[1].encode())
    }


def test_a_registered_model_keeps_its_files(api: Api, run: str):
    fill(api, run)
    run_id = run.rpartition("/")[2]
    asked = {"name": "m", "run_id": run_id, "run_path": "outputs"}
    api.done("POST", f"{api.home}/models", asked)
    assert api.done("DELETE", run)["bytes_freed"] == 0
    assert api.ask("GET", f"{api.home}/models/m:1/files/outputs/a").body == DATA


def test_children_go_along_only_when_asked(api: Api, run: str, tmp_path: Path):
    run_id = run.rpartition("/")[2]
    child = api.run(parent_id=run_id)
    grandchild = api.run(parent_id=child.rpartition("/")[2])
    reply = api.ask("DELETE", run)
    assert (reply.status, reply.code) == (409, "RunHasChildren")
    assert child.rpartition("/")[2] in reply.error["message"]
    fill(api, grandchild)
    assert api.done("DELETE", f"{run}?children=true&dry_run=true")["runs"] == 3
    assert api.done("DELETE", f"{run}?children=true")["runs"] == 3
    assert set(rows(tmp_path)) <= KEPT


def test_a_run_with_a_runner_is_canceled_first(api: Api, tmp_path: Path):
    run = script(api)
    reply = api.ask("DELETE", run)
    assert (reply.status, reply.code) == (409, "RunIsOpen")
    assert "Cancel" in str(reply.error)
    refused = api.refused("DELETE", f"{api.home}/experiments/exp")
    assert refused == (409, "RunIsOpen")
    end(api, run)
    api.done("DELETE", run)
    assert set(rows(tmp_path)) <= KEPT
    assert blobs(tmp_path) == set()


def test_a_snapshot_stays_while_another_run_uses_it(api: Api, tmp_path: Path):
    first, second = script(api), script(api)
    for one in (first, second):
        end(api, one)
    api.done("DELETE", first)
    assert {"snapshots", "snapshot_files"} <= set(rows(tmp_path))
    assert len(blobs(tmp_path)) == 1
    api.done("DELETE", second)
    assert set(rows(tmp_path)) <= KEPT
    assert blobs(tmp_path) == set()


@pytest.mark.parametrize("by", ["name", "id"])
def test_an_experiment_goes_with_all_its_runs(api: Api, tmp_path: Path, by: str):
    for _ in range(3):
        fill(api, api.run())
    kept = api.run(experiment="other")
    found = api.done("GET", f"{api.home}/experiments/exp")
    address = f"{api.home}/experiments/{found[by]}"
    foreseen = api.done("DELETE", f"{address}?dry_run=true")
    assert (foreseen["runs"], foreseen["artifacts"], foreseen["metrics"]) == (3, 6, 9)
    assert api.done("DELETE", address) == foreseen
    assert api.refused("GET", f"{api.home}/experiments/exp") == (404, "ExperimentNotFound")
    assert api.done("GET", kept)["state"] == "Running"
    assert blobs(tmp_path) == set()
    api.run()  # The name is free again.


def test_the_token_of_a_run_deletes_nothing(api: Api, run: str):
    token = api.token_of(run)
    assert api.refused("DELETE", run, token=token) == (403, "Forbidden")
    address = f"{api.home}/experiments/exp"
    assert api.refused("DELETE", address, token=token) == (403, "Forbidden")
    assert api.done("GET", run)


def test_r27_what_was_noted_goes_after_a_crash(
    api: Api, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fill(api, run, points=50)
    house = api.doors.house
    monkeypatch.setattr("zaffre.services.deletion.ROWS", 7)
    *_, workspace_id, _, run_id = run.split("/")

    def begin(s: Any) -> None:
        target = s.deletion.run(workspace_id, run_id, caller=OWNER_OF_TESTS, children=False)
        s.deletion.begin(target.removals)
        s.deletion.take_runs(workspace_id, [run_id])

    api.runner.run(house.work.write(begin))
    assert api.refused("GET", run) == (404, "RunNotFound")
    assert api.refused("PUT", f"{run}/artifacts/new", DATA) == (404, "RunNotFound")
    assert "runs" in rows(tmp_path)
    api.runner.run(house.eraser.resume())
    assert set(rows(tmp_path)) <= KEPT
    assert blobs(tmp_path) == set()


def test_r27_bytes_that_were_just_sent_wait(api: Api, run: str, tmp_path: Path):
    fill(api, run)
    house = api.doors.house
    careful = Eraser(
        house.work, house.blobs, house.logs, remove_folder=_nothing, remove_files=_nothing
    )
    *_, workspace_id, _, run_id = run.split("/")
    target = api.runner.run(
        house.work.read(
            lambda s: s.deletion.run(workspace_id, run_id, caller=OWNER_OF_TESTS, children=False)
        )
    )
    removed = api.runner.run(careful.erase(target))
    assert (removed.bytes_freed, removed.bytes_pending) == (0, 10 + len(run))
    # Somebody who knows that the workspace has the bytes may still name them.
    other = api.run()
    link = {"path": "a", "digest": hashlib.sha256(DATA).hexdigest()}
    api.done("POST", f"{other}/artifacts", link)
    api.runner.run(house.eraser.resume())
    assert blobs(tmp_path) == {hashlib.sha256(DATA).hexdigest()}
    assert api.ask("GET", f"{other}/artifacts/a").body == DATA
    assert "doomed_blobs" not in rows(tmp_path)


def test_r27_a_file_that_is_replaced_leaves_nothing(api: Api, run: str, tmp_path: Path):
    for data in (b"first", b"second", b"second"):
        api.done("PUT", f"{run}/artifacts/a", data)
    api.runner.run(api.doors.house.eraser.resume())
    assert blobs(tmp_path) == {hashlib.sha256(b"second").hexdigest()}
    assert api.ask("GET", f"{run}/artifacts/a").body == b"second"


async def _nothing(workspace_id: str, run_id: str) -> None:
    """There is no launcher here."""


def test_files_of_a_deleted_workspace_go_after_a_crash_and_those_of_others_stay(
    api: Api, tmp_path
):
    """The server dies between the deletion and the removal of the folder."""
    house = api.doors.house
    doomed, kept = api.workspace("doomed"), api.workspace("kept")
    for workspace in (doomed, kept):
        api.done("PUT", f"{workspace}/datastores/workspaceblobstore/files/a/b", b"data")
    gone, stays = (tmp_path / "datastores" / one.rpartition("/")[2] for one in (doomed, kept))
    api.runner.run(
        house.work.write(lambda s: s.workspaces.delete(gone.name, caller=OWNER_OF_TESTS))
    )
    assert (gone.is_dir(), stays.is_dir()) == (True, True)

    api.runner.run(house.eraser.resume())

    assert (gone.exists(), stays.is_dir()) == (False, True)
    assert api.runner.run(house.work.read(lambda s: s.deletion.pending())) == []


def test_files_of_a_workspace_that_cannot_be_removed_hold_nothing_else_up(
    api: Api, run: str, caplog: pytest.LogCaptureFixture
):
    house = api.doors.house
    doomed = api.workspace("doomed").rpartition("/")[2]
    api.runner.run(house.work.write(lambda s: s.workspaces.delete(doomed, caller=OWNER_OF_TESTS)))

    async def refused(_workspace_id: str) -> None:
        raise PermissionError("not ours")

    eraser = Eraser(
        house.work, house.blobs, house.logs, remove_folder=_nothing, remove_files=refused
    )
    *_, workspace_id, _, run_id = run.split("/")
    target = api.runner.run(
        house.work.read(
            lambda s: s.deletion.run(workspace_id, run_id, caller=OWNER_OF_TESTS, children=False)
        )
    )
    assert api.runner.run(eraser.erase(target)).runs == 1
    assert f"Files of the workspace {doomed} stay for now: not ours" in caplog.text
    pending = api.runner.run(house.work.read(lambda s: s.deletion.pending()))
    assert [one.target_id for one in pending] == [doomed]
    api.runner.run(house.eraser.erase_workspace(doomed))
    assert api.runner.run(house.work.read(lambda s: s.deletion.pending())) == []
