"""The one thread that writes: units queue for it, and those that wait together share a commit."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from zaffre.adapters.sql.bundle import SqlStores
from zaffre.adapters.sql.connections import open_connection, raw_of
from zaffre.adapters.sql.failures import broken, is_broken, translated
from zaffre.adapters.sql.units import Unit, UnitQueue, UnitThread, deliver

GROUP_UNITS = 256
GROUP_SECONDS = 0.02
LARGE_WAL_BYTES = 24 * 1024 * 1024
_CHECKPOINT_WAIT_MS = 200
_CHECKPOINT_PAUSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class _GroupLostError(Exception):
    """SQLite rolled back the whole transaction because of one statement."""


class Writer:
    """Owns the connection that writes and checkpoints.

    What a unit raises undoes it alone: the first of a group is undone with the transaction, which
    begins anew, the others run in savepoints. A commit that fails undoes its group, and nobody of
    it is told that anything was stored. After an I/O error nothing is
    acknowledged any more, since what the disk then holds is not known.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path.with_name(f"{path.name}-wal")
        self._next_checkpoint = 0.0
        self._broken = False
        self._connection = open_connection(path, reader=False)
        self._raw = raw_of(self._connection)
        self.queue = UnitQueue()
        self._thread = UnitThread(target=self._run, name="zaffre-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what was accepted; returns when the connection is closed."""
        self.queue.close(takers=1)
        self._thread.join()

    def _run(self) -> None:
        while unit := self.queue.take():
            group = [unit]
            self._serve(group)
            deliver(group)
            self._keep_wal_small()
        self._connection.close()
        self._connection.engine.dispose()

    def _serve(self, group: list[Unit]) -> None:
        """Run the units of the group, which grows by those that wait, and commit them."""
        if self._broken:
            self._fail(group, broken())
            return
        try:
            self._raw.execute("BEGIN IMMEDIATE")
            self._attempt_first(group[0])
            for unit in self._joining(group):
                self._attempt(unit)
            self._commit()
        except (sqlite3.Error, _GroupLostError) as error:
            self._give_up(group, error)
            return
        for unit in group:
            if unit.error is None:
                unit.act()

    def _joining(self, group: list[Unit]) -> Iterator[Unit]:
        end = time.monotonic() + GROUP_SECONDS
        while len(group) < GROUP_UNITS and time.monotonic() < end:
            unit = self.queue.take_waiting()
            if unit is None:
                return
            group.append(unit)
            yield unit

    def _attempt_first(self, unit: Unit) -> None:
        if not self._ran(unit):
            self._raw.execute("ROLLBACK")
            self._raw.execute("BEGIN IMMEDIATE")

    def _attempt(self, unit: Unit) -> None:
        self._raw.execute("SAVEPOINT unit")
        if not self._ran(unit):
            self._raw.execute("ROLLBACK TO unit")
        self._raw.execute("RELEASE unit")

    def _ran(self, unit: Unit) -> bool:
        """Run a unit; tell whether it raised nothing."""
        unit.run(SqlStores(self._connection, unit.actions))
        if unit.error is None:
            return True
        if not self._raw.in_transaction:
            raise _GroupLostError from unit.error
        unit.error = translated(unit.error, self._path) or unit.error
        return False

    def _commit(self) -> None:
        self._raw.execute("COMMIT")

    def _give_up(self, group: list[Unit], error: Exception) -> None:
        cause = error.__cause__ or error
        _log.error("A group of %d units was rolled back", len(group), exc_info=error)
        self._broken = is_broken(cause, self._path)
        try:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
        except sqlite3.Error:
            _log.exception("The rollback failed as well; nothing is stored any more")
            self._broken = True
        self._fail(group, translated(cause, self._path) or broken())

    def _fail(self, group: list[Unit], reason: Exception) -> None:
        for unit in group:
            own = unit.error and (translated(unit.error, self._path) or unit.error)
            unit.result, unit.error = None, own or reason

    def _keep_wal_small(self) -> None:
        """Empty the log of writes when steady readers kept commits from doing so."""
        now = time.monotonic()
        if now < self._next_checkpoint or self._broken or not self._wal_is_large():
            return
        self._next_checkpoint = now + _CHECKPOINT_PAUSE_SECONDS
        try:
            (timeout,) = self._raw.execute("PRAGMA busy_timeout").fetchone()
            self._raw.execute(f"PRAGMA busy_timeout={_CHECKPOINT_WAIT_MS}")
            self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._raw.execute(f"PRAGMA busy_timeout={timeout}")
        except sqlite3.Error:
            # A checkpoint can be repeated: what is committed stands in the log of writes.
            _log.exception("The checkpoint failed")

    def _wal_is_large(self) -> bool:
        try:
            return self._wal.stat().st_size > LARGE_WAL_BYTES
        except OSError:
            return False  # The next write tells of what is wrong with the disk.
