"""The server is killed while a script has its data: what it leaves is kept all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer, until

SCRIPT = """
import os, sys, time
given, left, mark = sys.argv[1:]
text = open(given + '/a.txt').read()
open(mark + '.started', 'w').close()
while not os.path.exists(mark):
    time.sleep(0.05)
open(left + '/b.txt', 'w').write(text * 2)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "home") as live:
        yield live


@pytest.mark.parametrize("away_at_the_end", [False, True])
def test_the_data_of_a_run_outlives_a_killed_server(
    server: LiveServer, tmp_path: Path, *, away_at_the_end: bool
):
    runs = LiveRuns(server)
    files = f"{runs.root}/datastores/workspaceblobstore/files"
    server.ask("PUT", f"{files}/in/a.txt", b"text")
    mark = tmp_path / "go"
    run = runs.submit(
        SCRIPT,
        arguments=["$AZUREML_DATAREFERENCE_given", "DatasetOutputConfig:left", str(mark)],
        inputs=[
            {"name": "given", "mode": "mount", "datastore": "workspaceblobstore", "path": "in"}
        ],
        outputs=[
            {
                "name": "left",
                "mode": "upload",
                "path": "left/{run-id}",
                "register": {"name": "left"},
            }
        ],
    )
    until(lambda: Path(f"{mark}.started").exists())
    server.kill()
    if not away_at_the_end:
        server.start()
    mark.touch()
    if away_at_the_end:
        until(lambda: not any("train.py" in p.cmdline() for p in runs.processes(run)))
        server.start()
    assert runs.wait(run)["state"] == "Completed"
    assert server.ask("GET", f"{files}/left/{run}/b.txt") == b"texttext"
    uses = server.json("GET", f"{runs.root}/runs/{run}/data")["value"]
    assert [(one["direction"], one["name"]) for one in uses] == [
        ("input", "given"),
        ("output", "left"),
    ]
    assert uses[1]["dataset_name"] == "left"
    until(lambda: not runs.processes(run), seconds=10)
    assert not list((tmp_path / "home" / "runs").rglob("data/inputs"))
