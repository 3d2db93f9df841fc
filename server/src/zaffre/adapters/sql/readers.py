"""Threads that read: each unit sees one state of the database and cannot change it."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from zaffre.adapters.sql.bundle import SqlStores
from zaffre.adapters.sql.connections import open_connection, raw_of
from zaffre.adapters.sql.failures import translated
from zaffre.adapters.sql.units import Unit, UnitQueue, UnitThread, deliver

READERS = 3


class Readers:
    """A few threads, each with a connection of its own, that share one queue."""

    def __init__(self, path: Path, count: int = READERS) -> None:
        self._path = path
        self.queue = UnitQueue()
        self._threads = [
            UnitThread(
                target=self._run,
                args=(open_connection(path, reader=True),),
                name=f"zaffre-reader-{number}",
                daemon=True,
            )
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what was accepted; returns when the connections are closed."""
        self.queue.close(takers=len(self._threads))
        for thread in self._threads:
            thread.join()

    def _run(self, connection: Connection) -> None:
        raw = raw_of(connection)
        while unit := self.queue.take():
            self._serve(unit, connection, raw)
            if unit.error is None:
                unit.act()
            deliver([unit])
        connection.close()
        connection.engine.dispose()

    def _serve(self, unit: Unit, connection: Connection, raw: sqlite3.Connection) -> None:
        try:
            raw.execute("BEGIN")
            unit.run(SqlStores(connection, unit.actions))
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except sqlite3.Error as error:
            unit.error = unit.error or error
        if unit.error is not None:
            unit.error = translated(unit.error, self._path) or unit.error
