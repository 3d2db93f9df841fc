"""The server is killed while small files come in: what it acknowledged is there, and whole.

Such files are in the database when they are acknowledged, and become files of their own later.
ZAFFRE_FAULT_COUNT says how often; a few times by default. ZAFFRE_FAULT_SEED is the first seed.
"""

import contextlib
import hashlib
import http.client
import json
import os
import random
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live import LiveServer, until

COUNT = int(os.environ.get("ZAFFRE_FAULT_COUNT", "2"))
FIRST = int(os.environ.get("ZAFFRE_FAULT_SEED", "0"))
CLIENTS = 4
PLACES = 300
ROOT = "/api/2.0/mlflow"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Sender:
    """Puts files of many sizes to a run, over each other, until the server is gone."""

    def __init__(self, server: LiveServer, run: str, folder: str, seed: float) -> None:
        self._connection = connect(server)
        self._token = token(server)
        self._run = run
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - contents, not secrets
        self.sent: dict[str, bytes] = {}
        self.acknowledged: dict[str, bytes] = {}
        self.count = 0

    def go_on(self) -> None:
        # The end of the server ends the loop.
        with (
            contextlib.closing(self._connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            while True:
                self._put(f"{self._folder}/{self._chance.randrange(PLACES)}")

    def _put(self, path: str) -> None:
        data = self._chance.randbytes(self._chance.choice([0, 700, 2048, 32 << 10, 32 << 10]))
        self.sent[path] = data
        target = f"{ROOT}-artifacts/artifacts/runs/{self._run}/{path}"
        assert ask(self._connection, self._token, "PUT", target, data) == b"{}"
        self.acknowledged[path] = data
        self.count += 1


def connect(server: LiveServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)


def token(server: LiveServer) -> str:
    return (server.home / "token").read_text().strip()


def ask(
    connection: http.client.HTTPConnection, token: str, method: str, target: str, body: bytes
) -> bytes:
    connection.request(method, target, body, {"authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    data = answer.read()
    assert answer.status == 200, data
    return data


def new_run(server: LiveServer) -> str:
    connection = connect(server)
    made = ask(connection, token(server), "POST", f"{ROOT}/runs/create", b"{}")
    connection.close()
    run: str = json.loads(made)["run"]["info"]["run_id"]
    return run


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_r01_small_files_outlive_kills_whole(tmp_path: Path, seed: int):
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    with LiveServer(tmp_path / "home") as server:
        run = new_run(server)
        seen: dict[str, set[bytes]] = {}
        for life in range(2):
            senders = [
                Sender(server, run, f"{life}-{number}", chance.random())
                for number in range(CLIENTS)
            ]
            threads = [threading.Thread(target=sender.go_on) for sender in senders]
            for thread in threads:
                thread.start()
            enough = chance.randrange(50, 900)
            until(lambda: sum(sender.count for sender in senders) >= enough, seconds=60)  # noqa: B023 - waited for
            server.kill()
            for thread in threads:
                thread.join()
            for sender in senders:
                # What was not acknowledged may be there, or what was there before it.
                for path, data in sender.sent.items():
                    seen[path] = {data, sender.acknowledged.get(path, data)}
                    if path not in sender.acknowledged:
                        seen[path].add(b"absent")
            server.start()
            check(server, run, seen)
        server.stop()
        blobs = [path for path in (server.home / "data" / "blobs").rglob("*") if path.is_file()]
        assert len(blobs) > 1
        for blob in blobs:
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
        assert not list((server.home / "data" / "tmp").glob("blob-*"))


def check(server: LiveServer, run: str, seen: dict[str, set[bytes]]) -> None:
    connection = connect(server)
    for path, possible in seen.items():
        target = f"{ROOT}-artifacts/artifacts/runs/{run}/{path}"
        connection.request("GET", target, headers={"authorization": f"Bearer {token(server)}"})
        answer = connection.getresponse()
        data = answer.read()
        if answer.status == 404:
            assert b"absent" in possible, path
        else:
            assert data in possible, (path, len(data))
    connection.close()
