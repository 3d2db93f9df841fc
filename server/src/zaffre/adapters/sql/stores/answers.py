"""Answers to requests with an idempotency key, in SQL."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.tables import answers
from zaffre.ports.stores import StoredAnswer

_by_key = select(*columns_of(answers, StoredAnswer)).where(
    answers.c.principal == bindparam("principal"), answers.c.key == bindparam("key")
)
_insert = insert_or_replace(answers)
_remove = delete(answers).where(answers.c.created_at < bindparam("time"))


class SqlIdempotencyStore:
    """Implements `ports.stores.IdempotencyStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, principal: str, key: str) -> StoredAnswer | None:
        """Return the answer to the request with that key."""
        row = self._connection.execute(_by_key, {"principal": principal, "key": key}).one_or_none()
        return None if row is None else entity_of(StoredAnswer, row)

    def add(self, answer: StoredAnswer) -> None:
        """Keep an answer."""
        self._connection.execute(_insert, values_of(answers, answer))

    def remove_before(self, time: datetime) -> int:
        """Forget older answers; return how many."""
        return self._connection.execute(_remove, {"time": time}).rowcount
