"""Runs that were kept without a server, and sent to one later."""

import json
import math
import shutil
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from azureml.core import Run
from azureml.core.run import _OfflineRun
from azureml.exceptions import UserErrorException
from click.testing import CliRunner
from programs import environ_of
from zaffre.cli.runs import command
from zaffre_sdk.errors import SdkError, SourceError, UnavailableError
from zaffre_sdk.tracking import syncing

PROGRAM = """
import math, sys
from pathlib import Path
from azureml.core import Run
run = Run.get_context()
assert run is Run.get_context()
for number in range(2500):
    run.log("x", number, step=number)
run.log("odd", math.nan)
run.log("odd", math.inf)
run.log_row("row", a=1)
run.set_tags({"kind": "offline", "gone": "1"})
run.remove_tags(["gone"])
run.add_properties({"p": "1"})
run.display_name = "shown"
Path("a.txt").write_text("a")
run.upload_file("outputs/a.txt", "a.txt")
with run.child_run("child") as child:
    child.log("y", 1)
    deep = child.child_run("deep")
    deep.fail("it broke", "MyCode")
    deep.get_metrics()
    deep.tag("deep")
exec(sys.argv[1])
"""


@pytest.fixture
def offline(tmp_path, monkeypatch, server) -> Path:
    monkeypatch.setenv("ZAFFRE_OFFLINE_DIR", str(tmp_path / "offline"))
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    monkeypatch.setattr("azureml.core.run._offline", [])
    return tmp_path / "offline"


def kept(offline: Path, server, end: str = "", code: int = 0) -> Path:
    """Run the program to its end and return the folder that it leaves."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, end],
        cwd=offline.parent,
        env=environ_of(server.home, ZAFFRE_OFFLINE_DIR=str(offline)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    [folder] = offline.iterdir()
    return folder


def sync(*arguments: object) -> str:
    done = CliRunner().invoke(command, ["sync", "-w", "v1", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_everything_arrives_once(workspace, offline, server):
    folder = kept(offline, server)
    assert "Sent 3 runs with 2504 metrics and 1 files" in sync("--experiment", "away")
    assert "Sent 0 runs" in sync("--experiment", "away")
    run = workspace.get_run(folder.name)
    assert run.experiment.name == "away"
    metrics = run.get_metrics()
    assert metrics["x"] == list(range(2500))
    assert math.isnan(metrics["odd"][0])
    assert math.isinf(metrics["odd"][1])
    assert metrics["row"] == {"a": 1}
    assert (run.get_status(), run.tags, run.display_name) == (
        "Completed",
        {"kind": "offline"},
        "shown",
    )
    assert run.properties["p"] == "1"
    assert run.properties["offline.startTimeUtc"] < run.properties["offline.endTimeUtc"]
    assert run.get_file_names() == ["outputs/a.txt"]
    deep, child = run.get_children(recursive=True)
    assert (child.display_name, child.get_metrics()) == ("child", {"y": 1})
    assert deep.parent == child
    assert deep.get_details()["error"]["error"]["code"] == "MyCode"


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8])
def test_what_was_interrupted_goes_on(workspace, offline, server, monkeypatch, cut):
    folder = kept(offline, server)
    client = workspace._nouns.workspace
    calls = []
    call = client.transport.exchange

    def breaking(request):
        calls.append(request.method)
        if len(calls) == cut:
            raise UnavailableError("Cut", "cut off", status=503)
        return call(request)

    with monkeypatch.context() as patch:
        patch.setattr(client.transport, "exchange", breaking)
        with pytest.raises(SdkError):
            syncing.sync(client, folder, experiment=f"cut-{cut}")
    syncing.sync(client, folder, experiment=f"cut-{cut}")
    run = workspace.get_run(folder.name)
    assert run.get_metrics()["x"] == list(range(2500))
    assert len(list(run.get_children(recursive=True))) == 2
    assert run.get_status() == "Completed"


def test_a_marker_that_was_lost_sends_nothing_again(workspace, offline, server):
    folder = kept(offline, server)
    client = workspace._nouns.workspace
    syncing.sync(client, folder, experiment="marked")
    for marker in ("", "[]"):
        (folder / "synced.json").write_text(marker)
        assert syncing.sync(client, folder, experiment="marked") == syncing.Synced()


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("raise ValueError('no luck')", (1, "Failed", "ValueError: no luck")),
        ("import os; os.kill(os.getpid(), 9)", (-signal.SIGKILL, "Failed", "without")),
        ("run.cancel()", (0, "Canceled", "")),
    ],
)
def test_ends_are_told_as_they_were(workspace, offline, server, end, expected):
    code, state, error = expected
    folder = kept(offline, server, end, code)
    sync("--experiment", "ends")
    run = workspace.get_run(folder.name)
    assert run.get_status() == state
    assert error in run.get_detailed_status()["details"]
    assert run.get_metrics()["x"] == list(range(2500))


def test_a_line_that_was_torn_is_left_out(workspace, offline, server):
    folder = kept(offline, server)
    with (folder / "metrics.jsonl").open("ab") as file:
        file.write(b'["torn", "scal')
    sync("--experiment", "torn")
    assert "torn" not in workspace.get_run(folder.name).get_metrics()


def test_a_line_that_is_broken_is_named(workspace, offline, server):
    folder = kept(offline, server)
    with (folder / "metrics.jsonl").open("ab") as file:
        file.write(b'["torn", "scal\n')
    with pytest.raises(SourceError, match=r"metrics.jsonl`, line 2504"):
        syncing.sync(workspace._nouns.workspace, folder, experiment="broken")


def test_files_are_kept_whole_or_not_at_all(offline, tmp_path):
    class Killed(BytesIO):
        def read(self, *_):
            raise KeyboardInterrupt

    run = Run.get_context()
    with pytest.raises(KeyboardInterrupt):
        run.upload_file("outputs/cut", Killed())
    source = tmp_path / "source"
    source.mkdir()
    (source / "whole").touch()
    run.upload_folder("./outputs/", str(source))
    [folder] = offline.iterdir()
    assert [file.name for file in (folder / "files").rglob("*") if file.is_file()] == ["whole"]
    assert run.get_file_names() == ["outputs/whole"]


@pytest.mark.usefixtures("workspace")
def test_folders_are_removed_when_asked(offline, server, tmp_path):
    folder = kept(offline, server)
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert "Sent 3 runs" in sync(copy, "--remove")
    assert not copy.exists()
    assert folder.exists()
    assert "Sent 0 runs" in sync(folder)


@pytest.mark.usefixtures("workspace", "offline")
def test_a_living_run_is_left_alone():
    run = Run.get_context()
    run.log("x", 1)
    assert "its program lives" in sync()
    run._leave()
    assert "Sent 1 runs" in sync()


def test_nothing_is_written_before_something_is_logged(offline, monkeypatch):
    Run.get_context()
    assert not offline.exists()
    monkeypatch.setattr("azureml.core.run._offline", [])
    monkeypatch.setenv("ZAFFRE_OFFLINE_DIR", "none")
    run = Run.get_context()
    run.log("x", 1)
    run.child_run().log("y", 2)
    assert run.get_metrics(recursive=True).popitem()[1] == {"y": 2}
    assert not offline.exists()


def test_a_disk_that_refuses_is_told_once_and_stops_nothing(offline, capfd):
    offline.write_text("a file where the folder should be")
    run = Run.get_context()
    for number in range(3):
        run.log("x", number)
    assert run.get_metrics() == {"x": [0, 1, 2]}
    assert capfd.readouterr().err.count("cannot be kept") == 1


@pytest.mark.usefixtures("offline")
def test_an_ended_run_is_followed_by_another():
    first = Run.get_context()
    first.complete()
    assert Run.get_context() is not first
    assert isinstance(first, _OfflineRun)


@pytest.mark.usefixtures("offline")
def test_properties_are_written_once_offline_too():
    run = Run.get_context()
    run.add_properties({"a": "1"})
    with pytest.raises(UserErrorException, match="written once"):
        run.add_properties({"a": "2"})
    with pytest.raises(Exception, match="climbs"):
        run.upload_file("../a", __file__)


@pytest.mark.usefixtures("workspace", "offline")
def test_what_is_no_run_is_refused(tmp_path):
    done = CliRunner().invoke(command, ["sync", "-w", "v1", str(tmp_path / "absent")])
    assert done.exit_code == 1
    assert "There is no folder" in done.output
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text(json.dumps([]))
    done = CliRunner().invoke(command, ["sync", "-w", "v1", str(tmp_path / "bad")])
    assert "cannot be read" in done.output
    done = CliRunner().invoke(command, ["sync", "-w", "absent"])
    assert "no such workspace" in done.output
