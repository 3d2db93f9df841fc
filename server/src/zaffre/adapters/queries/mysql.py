"""MySQL and MariaDB through pymysql: rows as they come, in a transaction that only reads.

The driver waits where it is called, so that it is called in threads.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from pymysql.converters import encoders
from pymysql.cursors import Cursor, SSCursor

from zaffre.adapters.queries.addresses import Address, address_of
from zaffre.adapters.queries.arrow import Field, distinct, encoded
from zaffre.adapters.queries.failures import (
    lost,
    no_rows,
    out_of_time,
    refused,
    rejected,
    unreachable,
)
from zaffre.adapters.queries.mysql_types import CONVERTERS, field_of
from zaffre.base.text import shown
from zaffre.domain.datastores import Datastore
from zaffre.domain.errors import InvalidError, ZaffreError
from zaffre.domain.queries import Query

_PORT: Final = 3306
_CONNECT_SECONDS: Final = 10
_AT_ONCE: Final = 16
"""How many questions are worked on at once; others wait for their turn."""
_GRACE_SECONDS: Final = 10
"""The database has the first word on how long is too long."""
_UNTAKEN_SECONDS: Final = 600
_TIMEOUTS: Final = frozenset({ER.QUERY_TIMEOUT, ER.STATEMENT_TIMEOUT, ER.QUERY_INTERRUPTED})
_LOST: Final = frozenset(
    {CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_SSL_CONNECTION_ERROR}
)
# The server has no way to look at a statement before it runs it, so that we look.
_SPACE: Final = re.compile(r"(?:\s+|--(?=\s)[^\n]*|#[^\n]*|/\*(?![!M])(?:[^*]|\*(?!/))*\*/|\()*")
_WORD: Final = re.compile(r"[A-Za-z]+")
_QUESTIONS: Final = frozenset(
    {"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "TABLE", "VALUES"}
)


class MysqlQueries:
    """Asks MySQL and MariaDB, each question over a connection of its own.

    Time in which nobody takes the answer counts for the time limit here: to the server it is all
    one statement.
    """

    def __init__(self) -> None:
        # A slow database keeps threads for up to an hour: not those that files are read in.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mysql")

    async def run(
        self, datastore: Datastore, credential: Mapping[str, str], *, query: Query
    ) -> AsyncGenerator[bytes, None]:
        """Yield the answer; see `Queries.run`."""
        address = address_of(datastore, credential, port=_PORT)
        check_question(query.text)
        run = asyncio.get_running_loop().run_in_executor
        connection = await run(self._threads, _connected, address, query)
        try:
            answer = await run(self._threads, _asked, connection, address, query)
            try:
                async for piece in encoded(_InThreads(answer, self._threads), limit=query.limit):
                    yield piece
            finally:
                answer.forget()
        finally:
            _cut(connection)


def check_question(text: str) -> None:
    """Check that a statement only asks.

    Raises:
        InvalidError: `InvalidQuery`.
    """
    begin = _SPACE.match(text)
    word = _WORD.match(text, begin.end() if begin else 0)
    if word is None or word.group().upper() not in _QUESTIONS:
        raise InvalidError(
            "InvalidQuery",
            f"The statement begins with {shown(word.group() if word else text[:20])}, which asks "
            "for nothing.",
            target="query",
            hint="Send one statement that answers rows, such as `SELECT * FROM sales`.",
        )


class _Answer:
    """The rows of one query, which the server sends while they are read.

    Attributes:
        fields: Its columns.
    """

    def __init__(
        self, cursor: SSCursor, fields: Sequence[Field], *, address: Address, query: Query
    ) -> None:
        self.fields = fields
        self._cursor = cursor
        self._address = address
        self._query = query

    def forget(self) -> None:
        """Leave the rest unread; the driver would read all of it when the cursor is collected."""
        result = self._cursor._result  # noqa: SLF001 - there is no other way to say so
        if result is not None:
            result.unbuffered_active = False
        self._cursor.connection = None

    def fetch(self, count: int) -> Sequence[Sequence[Any]]:
        """Return the next rows, once they are there."""
        with _told(self._address, self._query):
            rows: Sequence[Sequence[Any]] = self._cursor.fetchmany(count)
        return rows


class _InThreads:
    """An answer whose rows are waited for in threads.

    Attributes:
        fields: Its columns.
    """

    def __init__(self, answer: _Answer, threads: ThreadPoolExecutor) -> None:
        self.fields = answer.fields
        self._answer = answer
        self._threads = threads

    async def fetch(self, count: int) -> Sequence[Sequence[Any]]:
        """Return the next rows."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._answer.fetch, count)


def _connected(address: Address, query: Query) -> Connection:
    try:
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password.encode(),
            database=address.database,
            charset="utf8mb4",
            conv={**encoders, **CONVERTERS},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=query.timeout_seconds + _GRACE_SECONDS,
            write_timeout=_CONNECT_SECONDS,
            cursorclass=SSCursor,
            ssl=address.trust,
            ssl_disabled=address.trust is None,
            local_infile=False,
            program_name="zaffre",
        )
    except (pymysql.MySQLError, OSError) as error:
        code, text = _parts(error)
        if code in _LOST or code is None:
            raise unreachable(address, Exception(text)) from error
        raise refused(address, text) from error


def _asked(connection: Connection, address: Address, query: Query) -> _Answer:
    is_mariadb = "mariadb" in connection.get_server_info().lower()
    limit = (
        f"max_statement_time = {query.timeout_seconds}"
        if is_mariadb
        else f"max_execution_time = {query.timeout_seconds * 1000}"
    )
    with _told(address, query):
        with connection.cursor(Cursor) as settings:
            settings.execute(f"SET SESSION net_write_timeout = {_UNTAKEN_SECONDS}, {limit}")
            settings.execute("SET SESSION TRANSACTION READ ONLY")
            settings.execute("START TRANSACTION READ ONLY")
        cursor = connection.cursor()
        cursor.execute(query.text)
    if not cursor.description:
        raise no_rows()
    columns = cursor._result.fields  # noqa: SLF001 - the description leaves signs and bytes out
    return _Answer(
        cursor, distinct(field_of(column) for column in columns), address=address, query=query
    )


def _cut(connection: Connection) -> None:
    """Close a connection, also under a thread that still reads from it."""
    wire = connection._sock  # noqa: SLF001 - a reader is woken by nothing else
    if wire is not None:
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
    if connection.open:
        connection.close()


@contextlib.contextmanager
def _told(address: Address, query: Query) -> Iterator[None]:
    """Say in our words what went wrong."""
    try:
        yield
    except (pymysql.MySQLError, OSError, RuntimeError) as error:
        raise _translated(error, address, query) from error


def _translated(error: Exception, address: Address, query: Query) -> ZaffreError:
    code, text = _parts(error)
    if code in _TIMEOUTS or "timed out" in text:
        return out_of_time(query)
    if code in _LOST or code is None:
        return lost(address, text)
    return rejected(query, text)


def _parts(error: Exception) -> tuple[int | None, str]:
    """Return the number and the words of an error of the driver."""
    match error.args:
        case (int() as code, text, *_) if code:
            return code, str(text)
    return None, str(error)
