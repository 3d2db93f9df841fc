"""Points that the first schema kept one by one."""

import asyncio
import math
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from zaffre.adapters.sql import migrations
from zaffre.adapters.sql.database import open_database, prepare
from zaffre.domain.metrics import MetricKind

ROWS = 2500


def first_schema(path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


def fill(path: Path) -> None:
    nan, many = msgspec.msgpack.encode(math.nan), msgspec.msgpack.encode([1, "x"])
    points = [(1, n, 0, n, 100.0 + n, n * 0.5, None) for n in range(ROWS)]
    points += [(2, 0, 0, None, 1.0, None, nan), (2, 1, 1, None, 2.0, None, many)]
    layout = msgspec.msgpack.encode(([1, 2], [0, 0], bytes(2 * ROWS) + b"\1\0\1\0"))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO workspaces VALUES ('w','s','g','n','s','g','n','','','','{}',1)")
        raw.execute("INSERT INTO experiments VALUES ('e','w','e','{}','',1,NULL,1)")
        columns = {
            "key": 1, "workspace_id": "w", "id": "r", "experiment_id": "e",
            "experiment_name": "e", "number": 1, "kind": "interactive", "state": "Running",
            "spec": '{"kind":"interactive"}', "display_name": "", "description": "", "tags": "{}",
            "properties": "{}", "attempt": 0, "handle": "{}", "created_by": "x", "created_at": 1,
        }  # fmt: skip
        raw.execute(
            f"INSERT INTO runs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - constants
            list(columns.values()),
        )
        series = [(1, 1, "loss", ROWS, 0.0, (ROWS - 1) * 0.5), (2, 1, "odd", 2, None, None)]
        raw.executemany("INSERT INTO metric_series VALUES (?, ?, ?, ?, ?, ?)", series)
        raw.executemany("INSERT INTO metric_points VALUES (?, ?, ?, ?, ?, ?, ?)", points)
        batch = (1, 1, "w", 1, 0, ROWS + 2, layout)
        raw.execute("INSERT INTO metric_batches VALUES (?, ?, ?, ?, ?, ?, ?)", batch)


def test_points_of_the_first_schema_are_kept(tmp_path: Path):
    path = tmp_path / "zaffre.db"
    first_schema(path)
    fill(path)
    prepare(path)

    async def read():
        database = open_database(path)
        try:
            return await database.read(
                lambda s: (
                    s.metrics.entries(s.runs.get("w", "r"), limit=10_000),
                    s.metrics.summaries(s.runs.get("w", "r")),
                    s.metrics.latest("w", ["r"])["r"],
                    s.metrics.sample_steps(s.runs.get("w", "r"), "loss", size=2),
                )
            )
        finally:
            await database.close()

    entries, (loss, odd), latest, sample = asyncio.run(read())
    assert [entry.value for _, entry in entries[:ROWS]] == [n * 0.5 for n in range(ROWS)]
    assert [entry.step for _, entry in entries[:ROWS]] == list(range(ROWS))
    assert math.isnan(entries[ROWS][1].value)
    assert (entries[-1][1].value, entries[-1][1].kind) == ([1, "x"], MetricKind.LIST)
    assert (loss.count, loss.last, odd.count, odd.last) == (ROWS, (ROWS - 1) * 0.5, 2, [1, "x"])
    assert [(one.name, one.step) for one in latest] == [("loss", ROWS - 1), ("odd", 0)]
    assert (latest[0].number, math.isnan(latest[1].number)) == ((ROWS - 1) * 0.5, True)
    assert [entry.step for _, entry in sample] == [0, ROWS - 1]
