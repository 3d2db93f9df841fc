"""Many clients at once neither get in each other's way nor in that of the database."""

import json
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer
from programs import Program

TEXT = Path(__file__).with_name("client_program.py").read_text()
PROGRAMS, THREADS, ROUNDS = 8, 8, 3
CLIENTS = PROGRAMS * THREADS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_r18_r19_sixty_four_clients_at_once(tmp_path: Path):
    server = LiveServer(tmp_path / "home")
    server.start()
    try:
        runs = LiveRuns(server)
        token = (server.home / "token").read_text()
        arguments = [server.url, token, runs.workspace_id, str(THREADS), str(ROUNDS)]
        programs = [
            Program(server.home, tmp_path / f"program-{number}", TEXT, *arguments)
            for number in range(PROGRAMS)
        ]
        for program in programs:
            program.wait(200)
        found = [json.loads(program.lines[-1]) for program in programs]
        listed = server.json("GET", f"{runs.root}/models?name=shared&limit=1000")["value"]
    finally:
        server.stop()
    # Neither a 5xx nor any other refusal, not even one that was tried again.
    assert [seen["statuses"] for seen in found] == [[]] * PROGRAMS
    expected = list(range(1, CLIENTS * ROUNDS + 1))
    assert sorted(version for seen in found for version in seen["versions"]) == expected
    assert sorted(model["version"] for model in listed) == expected
    log = (tmp_path / "server-output.log").read_text()
    assert "locked" not in log
    assert '"level": "error"' not in log
