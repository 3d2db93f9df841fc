"""Clients that go away in the middle of a request leave a whole run or none."""

import json
import random
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live import TERMINAL, LiveRuns, LiveServer, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_r06_a_submission_cut_at_any_byte_is_a_whole_run_or_none(tmp_path: Path):
    server = LiveServer(tmp_path / "home")
    server.start()
    try:
        runs = LiveRuns(server)
        data = submission(runs)
        chance = random.Random(6)  # noqa: S311 (moments, not secrets)
        whole = 5
        for length in [*chance.sample(range(len(data)), 150), *[len(data)] * whole]:
            send(server, data[:length])
        runs.wait(runs.submit("print('done')"))

        def ended() -> list[dict[str, object]]:
            found = server.json("GET", f"{runs.root}/runs?limit=1000")["value"]
            return found if all(run["state"] in TERMINAL for run in found) else []

        found = until(ended, seconds=60)
        # A submission that nobody waits for may become a run, and a part of one never does.
        assert 1 <= len(found) <= whole + 1
        assert {run["state"] for run in found} == {"Completed"}
    finally:
        server.stop()
    assert '"level": "error"' not in (tmp_path / "server-output.log").read_text()


def submission(runs: LiveRuns) -> bytes:
    spec = {
        "kind": "script",
        "script": "train.py",
        "snapshot_id": runs.snapshot({"train.py": "print('done')"}),
        "environment": {"interpreter": sys.executable},
    }
    body = json.dumps({"experiment": "exp", "spec": spec}).encode()
    token = (runs.server.home / "token").read_text()
    head = (
        f"POST /api/v1{runs.root}/runs HTTP/1.1\r\nHost: {urlsplit(runs.server.url).netloc}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(server: LiveServer, data: bytes) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        raw.sendall(data)
