"""Runs are deleted while equal bytes are sent again, and the server is killed in between.

ZAFFRE_FAULT_COUNT says how often it is killed; twice by default.
"""

import contextlib
import hashlib
import os
import random
import threading
import time
import urllib.error
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from live import LiveServer, Refused, until

COUNT = int(os.environ.get("ZAFFRE_FAULT_COUNT", "2"))
OLD_RUNS = 6 * COUNT
CONTENTS = [bytes([65 + number]) * (1000 + number) for number in range(5)]
LONG_AGO = 3600.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 60 * COUNT)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "home") as live:
        yield live


class Space:
    """A workspace in which somebody goes on asking until the server answers."""

    def __init__(self, server: LiveServer) -> None:
        body = {"name": "ws", "subscription_id": "s", "resource_group": "g", "exist_ok": True}
        self.server = server
        self.root = f"/workspaces/{server.json('POST', '/workspaces', body)['id']}"

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """Ask again while the server is dead."""

        def answer() -> list[bytes]:
            try:
                return [self.server.ask(method, f"{self.root}{path}", body)]
            except (urllib.error.URLError, HTTPException, ConnectionError, OSError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise
                return []

        return until(answer, seconds=60)[0]

    def run(self, name: str) -> None:
        body = {"id": name, "experiment": "exp", "spec": {"kind": "interactive"}}
        self.ask("POST", "/runs", body)

    def put(self, run: str, number: int, data: bytes) -> None:
        self.ask("PUT", f"/runs/{run}/artifacts/outputs/{number}", data)

    def delete(self, run: str) -> None:
        # The answer to the first time may have been lost.
        with contextlib.suppress(Refused):
            self.ask("DELETE", f"/runs/{run}")


def in_thread(work: Callable[[], None], failures: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def files_of(home: Path) -> dict[str, Path]:
    """Return the files of blobs by their digests."""
    return {file.name: file for file in (home / "data" / "blobs").rglob("*") if file.is_file()}


def await_files(home: Path, contents: Iterable[bytes]) -> None:
    """Wait until bytes are files: they become some a while after they were taken."""
    digests = {hashlib.sha256(data).hexdigest() for data in contents}
    until(lambda: digests <= files_of(home).keys())


def age_blobs(home: Path) -> None:
    """Make what was sent look as if it had been sent long ago."""
    then = time.time() - LONG_AGO
    for file in files_of(home).values():
        os.utime(file, (then, then))


def fill(space: Space) -> None:
    """Make runs with few different contents, sent long ago."""
    for number in range(OLD_RUNS):
        space.run(f"old{number}")
        for place, data in enumerate(CONTENTS):
            space.put(f"old{number}", place, data + bytes([number % 3]))
    await_files(
        space.server.home, [data + bytes([last]) for data in CONTENTS for last in range(3)]
    )
    age_blobs(space.server.home)


def check(space: Space, stored: dict[tuple[str, int], bytes]) -> None:
    """See that what was stored is there, and what was deleted is not."""
    assert len(stored) == OLD_RUNS * len(CONTENTS)
    for (run, place), data in stored.items():
        assert space.ask("GET", f"/runs/{run}/artifacts/outputs/{place}") == data
    left = space.server.json("GET", f"{space.root}/runs?limit=1000")["value"]
    assert {run["id"] for run in left} == {run for run, _ in stored}
    await_files(space.server.home, stored.values())
    # The engine does not take the work from who was asked for it, and has to tell.
    for run in {run for run, _ in stored}:
        told = space.server.json("DELETE", f"{space.root}/runs/{run}")
        assert (told["runs"], told["artifacts"]) == (1, len(CONTENTS))


def test_r27_deletion_loses_nothing_of_others(server: LiveServer):
    chance = random.Random(27)  # noqa: S311 (moments, not secrets)
    space = Space(server)
    fill(space)
    stored: dict[tuple[str, int], bytes] = {}
    failures: list[BaseException] = []

    def delete() -> None:
        for number in range(OLD_RUNS):
            space.delete(f"old{number}")

    def send() -> None:
        for number in range(OLD_RUNS):
            space.run(f"new{number}")
            for place, data in enumerate(CONTENTS):
                sent = data + bytes([number % 3])
                space.put(f"new{number}", place, sent)
                stored[f"new{number}", place] = sent

    threads = [in_thread(delete, failures), in_thread(send, failures)]
    for _ in range(COUNT):
        time.sleep(chance.uniform(0.05, 0.6))
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    assert not failures
    server.kill()
    server.start()
    check(space, stored)
