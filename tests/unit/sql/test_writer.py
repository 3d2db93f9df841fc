"""How SQLite is driven: groups, checkpoints and failures."""

import asyncio
import logging
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop
from sqlalchemy import text
from zaffre.adapters.sql import units, writer
from zaffre.adapters.sql.database import open_database
from zaffre.adapters.sql.transactions import SqliteTransactions
from zaffre.domain.access import Token
from zaffre.domain.errors import StorageFullError, UnavailableError

TIME = datetime(2024, 1, 1, tzinfo=UTC)


def token(number: int, size: int = 1) -> Token:
    return Token(digest=f"{number}", name="n" * size, role="run", created_at=TIME)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zaffre.db"


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.fixture
def database(runner: asyncio.Runner, path: Path) -> Iterator[SqliteTransactions]:
    opened = open_database(path)
    yield opened
    runner.run(opened.close())


async def together(database: SqliteTransactions, count: int) -> list[object]:
    """Write so many tokens while the writer is held, so that they wait together."""
    go_on = threading.Event()
    held = asyncio.ensure_future(database.write(lambda _: go_on.wait(10)))
    waiting = [
        asyncio.ensure_future(database.write(lambda s, n=n: s.tokens.add(token(n))))
        for n in range(count)
    ]
    await asyncio.sleep(0)
    go_on.set()
    await held
    return await asyncio.gather(*waiting, return_exceptions=True)


def stored(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT count(*) FROM tokens").fetchone()[0]


class TestGroups:
    def test_commit_together_what_waits_together(self, runner, database, path, monkeypatch):
        commits = []
        monkeypatch.setattr(writer, "GROUP_SECONDS", 60)
        commit = database._writer._commit
        monkeypatch.setattr(database._writer, "_commit", lambda: (commits.append(1), commit()))

        runner.run(together(database, 600))

        assert stored(path) == 600
        assert len(commits) == 3

    def test_end_after_a_while(self, runner, database, path, monkeypatch):
        commits = []
        monkeypatch.setattr(writer, "GROUP_SECONDS", 0)
        commit = database._writer._commit
        monkeypatch.setattr(database._writer, "_commit", lambda: (commits.append(1), commit()))

        runner.run(together(database, 20))

        assert stored(path) == 20
        assert len(commits) == 21

    def test_refuse_more_than_can_wait(self, runner, database, monkeypatch):
        monkeypatch.setattr(units, "MAX_WAITING", 10)

        results = runner.run(together(database, 50))

        refused = [one for one in results if one is not None]
        assert refused
        assert {one.code for one in refused} == {"ServerBusy"}

    def test_work_on_uvloop(self, path):
        async def main():
            database = open_database(path)
            await together(database, 20)
            await database.close()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
        assert stored(path) == 20


class TestFile:
    def test_is_durable_and_private(self, database, path):
        raw = database._writer._raw

        def pragma(name: str):
            return raw.execute(f"PRAGMA {name}").fetchone()[0]

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
        assert pragma("trusted_schema") == 0
        for suffix in ("", "-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            assert stat.S_IMODE(beside.stat().st_mode) == 0o600

    def test_is_one_file_after_closing(self, runner, path):
        database = open_database(path)
        runner.run(database.write(lambda s: s.tokens.add(token(1))))
        runner.run(database.close())

        assert not path.with_name("zaffre.db-wal").exists()
        assert stored(path) == 1

    def test_keeps_the_log_of_writes_small(self, runner, database, path, monkeypatch):
        monkeypatch.setattr(writer, "LARGE_WAL_BYTES", 2**20)
        monkeypatch.setattr(writer, "_CHECKPOINT_PAUSE_SECONDS", 0)

        async def write_much():
            for number in range(60):
                await database.write(lambda s, n=number: s.tokens.add(token(n, 200_000)))
            # The checkpoint follows the answer: one more turn waits for it.
            await database.write(lambda _: None)

        runner.run(write_much())

        assert path.with_name("zaffre.db-wal").stat().st_size < 3 * 2**20

    def test_writes_on_beside_a_reader_that_stays(self, runner, database, path, monkeypatch):
        monkeypatch.setattr(writer, "LARGE_WAL_BYTES", 0)
        monkeypatch.setattr(writer, "_CHECKPOINT_PAUSE_SECONDS", 0)
        monkeypatch.setattr(writer, "_CHECKPOINT_WAIT_MS", 1)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM tokens").fetchall()

            runner.run(together(database, 5))

        assert stored(path) == 5


class TestFailures:
    def test_full_disk_is_said_and_survived(self, runner, database, path):
        raw = database._writer._raw
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages + 4}")

        with pytest.raises(StorageFullError) as caught:
            runner.run(database.write(lambda s: s.tokens.add(token(1, 10**6))))
        assert caught.value.code == "StorageFull"
        assert caught.value.hint

        runner.run(database.write(lambda s: s.tokens.add(token(2))))
        raw.execute("PRAGMA max_page_count=1000000")
        runner.run(database.write(lambda s: s.tokens.add(token(3, 10**6))))
        assert stored(path) == 2

    def test_failed_commit_is_never_acknowledged(self, runner, database, path, monkeypatch):
        acted, commit, works = [], database._writer._commit, []

        def fail():
            if works:
                commit()
                return
            error = sqlite3.OperationalError("disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        monkeypatch.setattr(database._writer, "_commit", fail)
        monkeypatch.setattr(writer._log, "error", lambda *_, **__: None)

        def unit(s):
            s.tokens.add(token(1))
            s.after_commit(lambda: acted.append(1))

        with pytest.raises(StorageFullError):
            runner.run(database.write(unit))
        assert acted == []
        assert stored(path) == 0

        works.append(1)
        runner.run(database.write(unit))
        assert acted == [1]

    def test_nothing_is_stored_after_an_io_error(self, runner, database, path, caplog):
        def fail():
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR | (4 << 8)
            raise error

        caplog.set_level(logging.CRITICAL)
        database._writer._commit = fail
        for number in range(2):
            with pytest.raises(UnavailableError) as caught:
                runner.run(database.write(lambda s, n=number: s.tokens.add(token(n))))
            assert caught.value.code == "DatabaseFailed"

        assert runner.run(database.read(lambda s: s.tokens.find("0"))) is None
        assert stored(path) == 0

    def test_folder_that_vanished_under_an_io_error_is_said(
        self, runner, database, monkeypatch, caplog
    ):
        def fail():
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error

        def gone(_folder):
            raise FileNotFoundError

        caplog.set_level(logging.CRITICAL)
        monkeypatch.setattr(shutil, "disk_usage", gone)
        database._writer._commit = fail
        for _ in range(2):
            with pytest.raises(UnavailableError) as caught:
                runner.run(database.write(lambda s: s.tokens.add(token(1))))
            assert caught.value.code == "DatabaseFailed"

    def test_group_that_sqlite_undid_fails_as_a_whole(self, runner, database, path):
        def undo(s):
            s.tokens.add(token(99))
            s.tokens._connection.execute(text("ROLLBACK"))
            raise ValueError("mine")

        async def group() -> list[object]:
            go_on = threading.Event()
            held = database.write(lambda _: go_on.wait(10))
            good = database.write(lambda s: s.tokens.add(token(1)))
            waiting = asyncio.gather(held, good, database.write(undo), return_exceptions=True)
            await asyncio.sleep(0)
            go_on.set()
            return await waiting

        results = runner.run(group())

        assert isinstance(results[1], UnavailableError)
        assert isinstance(results[2], ValueError)
        assert stored(path) == 0
        runner.run(database.write(lambda s: s.tokens.add(token(1))))

    def test_another_program_that_holds_the_database(self, runner, database, path):
        database._writer._raw.execute("PRAGMA busy_timeout=10")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UnavailableError) as caught:
                runner.run(database.write(lambda s: s.tokens.add(token(1))))
            other.execute("ROLLBACK")

        assert caught.value.code == "DatabaseBusy"
        runner.run(database.write(lambda s: s.tokens.add(token(1))))
