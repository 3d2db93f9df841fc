"""MySQL is waited for in threads of its own."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

pytest.importorskip("pymysql")

from zaffre.adapters.queries import mysql
from zaffre.domain.datastores import Datastore, DatastoreKind
from zaffre.domain.errors import ConflictError
from zaffre.domain.queries import check_query

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_slow_database_keeps_no_thread_that_files_are_read_in(monkeypatch):
    store = Datastore(
        workspace_id="w",
        name="sales",
        kind=DatastoreKind.AZURE_MYSQL,
        settings={"server_name": "db.example.com", "database_name": "sales", "username": "me"},
        created_by="me",
        created_at=NOW,
        updated_at=NOW,
    )

    def connected(*_: object) -> None:
        raise ConflictError("Seen", threading.current_thread().name)

    monkeypatch.setattr(mysql, "_connected", connected)

    async def inside():
        pieces = mysql.MysqlQueries().run(
            store, {}, query=check_query("SELECT 1", timeout_seconds=1)
        )
        await anext(pieces)

    with pytest.raises(ConflictError, match="mysql_0"):
        asyncio.run(inside())
