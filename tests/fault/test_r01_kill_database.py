"""R-01, the part of the database: what was acknowledged outlives kill -9, once and whole."""

import asyncio
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from zaffre.adapters.sql.database import open_database, prepare

KILLS = int(os.environ.get("ZAFFRE_TEST_KILLS", "20"))
POINTS = 5
PROGRAM = Path(__file__).with_name("writing_program.py")


@pytest.mark.slow
def test_r01_acknowledged_batches_outlive_kill(tmp_path: Path):
    path = tmp_path / "zaffre.db"
    prepare(path)
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated, not a secret
    acknowledged: set[tuple[str, int]] = set()

    for attempt in range(KILLS):
        acknowledged |= _write_until_killed(path, attempt, chance.randrange(1, 150))

    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        batches = raw.execute("SELECT writer, sequence, count FROM metric_batches").fetchall()
        (folded,) = raw.execute("SELECT sum(count) FROM metric_chunks").fetchone()
        (waiting,) = raw.execute(
            "SELECT sum(count) FROM metric_batches WHERE data IS NOT NULL"
        ).fetchone()
        counted = raw.execute("SELECT sum(count) FROM metric_series").fetchone()[0]
        torn = raw.execute(
            "SELECT count(*) FROM metric_chunks AS p JOIN metric_series AS s"
            " ON s.key = p.series_key WHERE p.ordinal + p.count > s.count"
        ).fetchone()[0]
    stored = {(writer, sequence) for writer, sequence, _ in batches}
    assert acknowledged <= stored
    assert len(stored) == len(batches)
    points = (folded or 0) + (waiting or 0)
    assert points == counted == sum(count for *_, count in batches) == POINTS * len(batches)
    assert torn == 0
    asyncio.run(open_database(path).close())


def _write_until_killed(path: Path, attempt: int, acknowledgements: int) -> set[tuple[str, int]]:
    seen = set()
    with subprocess.Popen(
        [sys.executable, PROGRAM, path, str(attempt), str(POINTS)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(acknowledgements):
            seen.add(_parsed(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        # What it had said before it died counts as well; its last line may be cut off.
        seen |= {_parsed(line) for line in process.stdout if line.endswith(b"\n")}
    assert process.returncode == -signal.SIGKILL
    return seen


def _parsed(line: bytes) -> tuple[str, int]:
    writer, sequence = line.split()
    return writer.decode(), int(sequence)
