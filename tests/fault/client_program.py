"""Several clients at once, each a thread with a connection of its own; tells what they saw."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zaffre_sdk.client import Client, Transport, WorkspaceClient, transport
from zaffre_sdk.wire.metrics import BatchIn, Point
from zaffre_sdk.wire.models import ModelIn
from zaffre_sdk.wire.runs import RunIn, RunSpec

_POINTS = 50

statuses: list[int] = []
plain_failure = transport._failure


def failure(response):
    """Note every answer that is no success, those too that a client tries again after."""
    statuses.append(response.status)
    return plain_failure(response)


def work(workspace: WorkspaceClient, client: str, rounds: int, source: Path) -> list[int]:
    """Create runs, log to them, list them, and register versions; return the versions."""
    versions = []
    for number in range(rounds):
        run = workspace.runs.create(RunIn(experiment="many", spec=RunSpec(kind="interactive")))
        for sequence in (1, 2):
            points = [
                Point("loss", "scalar", value, None, time.time()) for value in range(_POINTS)
            ]
            batch = BatchIn(writer=f"{client}-{number}", sequence=sequence, points=points)
            workspace.metrics.send(run.id, batch)
        model = workspace.models.register(ModelIn(name="shared"), source=source)
        versions.append(model.version)
        listed = {run.id for run in workspace.runs.list(experiment="many")}
        assert run.id in listed
        assert len(list(workspace.metrics.entries(run.id))) == 2 * _POINTS
        workspace.runs.end(run.id, "Completed")
    return versions


def main(url: str, token: str, workspace_id: str, threads: str, rounds: str) -> None:
    transport._failure = failure
    source = Path("model.txt")
    source.write_text("the same bytes for all")

    def client(number: int) -> list[int]:
        workspace = Client(Transport(url, token)).workspace(workspace_id)
        return work(workspace, f"{Path.cwd().name}-{number}", int(rounds), source)

    with ThreadPoolExecutor(int(threads)) as pool:
        found = list(pool.map(client, range(int(threads))))
    versions = [version for some in found for version in some]
    print(json.dumps({"versions": versions, "statuses": statuses}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
