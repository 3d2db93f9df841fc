"""PostgreSQL through asyncpg: a cursor in a transaction that only reads."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any, Final

import asyncpg
from asyncpg.cursor import Cursor

from zaffre.adapters.queries.addresses import Address, address_of
from zaffre.adapters.queries.arrow import Field, distinct, encoded
from zaffre.adapters.queries.failures import (
    CAST,
    lost,
    no_rows,
    out_of_time,
    refused,
    rejected,
    unreachable,
)
from zaffre.adapters.queries.postgres_types import field_of, set_codecs
from zaffre.domain.datastores import Datastore
from zaffre.domain.errors import InvalidError, ZaffreError
from zaffre.domain.queries import Query

_PORT: Final = 5432
_CONNECT_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0
_LEAST_SECONDS: Final = 0.001
# A server whose client is gone without a word is rid of its transaction after so long.
_IDLE: Final = "10min"
_CANCELED: Final = "57014"
# Wrong user, password or database, a rule against it, or no connection left for us.
_REFUSALS: Final = ("28", "3D", "53")
_LOST: Final = ("08", "57P")


class PostgresQueries:
    """Asks PostgreSQL, each question over a connection of its own."""

    def __init__(self) -> None:
        self._leaving: set[asyncio.Task[None]] = set()

    async def run(
        self, datastore: Datastore, credential: Mapping[str, str], *, query: Query
    ) -> AsyncGenerator[bytes, None]:
        """Yield the answer; see `Queries.run`."""
        address = address_of(datastore, credential, port=_PORT)
        connection = await _connected(address)
        is_done = False
        try:
            source = await _asked(connection, address, query)
            async for piece in encoded(source, limit=query.limit):
                yield piece
            is_done = True
        finally:
            # Whoever is cancelled may wait for nothing; what the database still works on for it
            # has to be called off all the same.
            leaving = asyncio.create_task(_close(connection))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
            if is_done:
                await leaving


class _Answer:
    """The rows of one query, behind a cursor of the server.

    Attributes:
        fields: Its columns.
    """

    def __init__(
        self, cursor: Cursor, fields: Sequence[Field], *, address: Address, query: Query
    ) -> None:
        self.fields = fields
        self._cursor = cursor
        self._address = address
        self._query = query
        self._left = float(query.timeout_seconds)

    async def fetch(self, count: int) -> Sequence[Sequence[Any]]:
        """Return the next rows; what the database works on them is taken off its time."""
        started = time.monotonic()
        with _told(self._address, self._query):
            rows: Sequence[Sequence[Any]] = await self._cursor.fetch(
                count, timeout=max(self._left, _LEAST_SECONDS)
            )
        self._left -= time.monotonic() - started
        return rows


async def _connected(address: Address) -> asyncpg.Connection:
    try:
        # Every argument is given: for those that are not, the driver looks into variables and
        # files of the server's own process.
        return await asyncpg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
            ssl=address.trust or False,
            timeout=_CONNECT_SECONDS,
            statement_cache_size=0,
            target_session_attrs="any",
            server_settings={"application_name": "zaffre"},
        )
    except asyncpg.PostgresError as error:
        raise refused(address, str(error)) from error
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise unreachable(address, error) from error


async def _asked(connection: asyncpg.Connection, address: Address, query: Query) -> _Answer:
    with _told(address, query):
        await set_codecs(connection)
        await connection.transaction(readonly=True).start()
        await connection.execute(
            f"SET LOCAL statement_timeout = '{query.timeout_seconds}s';"
            f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}'"
        )
        statement = await connection.prepare(query.text, timeout=query.timeout_seconds)
        if statement.get_parameters():
            raise InvalidError(
                "InvalidQuery",
                "The query has parameters such as `$1`, and nothing is given for them.",
                target="query",
                hint="Write the values into the query.",
            )
        fields = distinct(field_of(one) for one in statement.get_attributes())
        if not fields:
            raise no_rows()
        cursor = await statement.cursor(timeout=query.timeout_seconds)
    return _Answer(cursor, fields, address=address, query=query)


async def _close(connection: asyncpg.Connection) -> None:
    # Nobody waits for more: that the goodbye went wrong is nobody's trouble.
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=_CLOSE_SECONDS)


@contextlib.contextmanager
def _told(address: Address, query: Query) -> Iterator[None]:
    """Say in our words what went wrong."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _translated(error, address, query) from error
    except TimeoutError as error:
        raise out_of_time(query) from error
    except asyncpg.UnsupportedClientFeatureError as error:
        raise rejected(query, str(error), hint=CAST) from error
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise lost(address, str(error)) from error


def _translated(error: asyncpg.PostgresError, address: Address, query: Query) -> ZaffreError:
    state = error.sqlstate or ""
    if state == _CANCELED:
        return out_of_time(query)
    if state.startswith(_LOST) or not state:
        return lost(address, str(error))
    if state.startswith(_REFUSALS):
        return refused(address, str(error))
    position = getattr(error, "position", None)
    return rejected(query, str(error), position=int(position) if position else None)
