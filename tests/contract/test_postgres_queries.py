"""What `Queries` promises, shown on a real PostgreSQL."""

import asyncio
import contextlib
import datetime as dt
import math
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from postgres import Postgres

pa = pytest.importorskip("pyarrow")
import asyncpg  # noqa: E402
from zaffre.adapters.queries.choice import ChosenQueries  # noqa: E402
from zaffre.domain.datastores import Datastore, DatastoreKind  # noqa: E402
from zaffre.domain.errors import ConflictError, InvalidError, ZaffreError  # noqa: E402
from zaffre.domain.queries import check_query  # noqa: E402

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
UTC = dt.UTC
KINDS = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE kinds (
    yes boolean, tiny smallint, small integer, large bigint, single real, double_ double precision,
    price numeric(12, 2), word text, short varchar(10), fixed char(3), raw bytea, day date,
    at timestamp, at_tz timestamptz, clock time, span interval, id uuid, doc json, docb jsonb,
    place inet, point_ point, feel mood, numbers integer[], days date[], words text[]
);
INSERT INTO kinds VALUES (
    true, -1, 2, 9007199254740993, 1.5, 2.25, 1234.50, 'grün', 'a', 'b', '\\x00ff', '2024-02-29',
    '2024-02-29 12:30:00.000001', '2024-02-29 12:30:00+02', '23:59:59', '1 day 02:00',
    '6f1c0a1e-5f0b-4a3e-9a86-0a8b2f6d9a01', '{"a": 1}', '{"a": 1}', '10.0.0.1', '(1,2)', 'glad',
    '{1,NULL,3}', '{2024-01-01}', '{}'
);
INSERT INTO kinds SELECT;
"""
TYPES = {
    "yes": "bool",
    "tiny": "int16",
    "small": "int32",
    "large": "int64",
    "single": "float",
    "double_": "double",
    "price": "double",
    "word": "string",
    "short": "string",
    "fixed": "string",
    "raw": "binary",
    "day": "date32[day]",
    "at": "timestamp[us]",
    "at_tz": "timestamp[us, tz=UTC]",
    "clock": "string",
    "span": "string",
    "id": "string",
    "doc": "string",
    "docb": "string",
    "place": "string",
    "point_": "string",
    "feel": "string",
    "numbers": "list<item: int32>",
    "days": "list<item: date32[day]>",
    "words": "list<item: string>",
}
VALUES = {
    "yes": True,
    "tiny": -1,
    "small": 2,
    "large": 9007199254740993,
    "single": 1.5,
    "double_": 2.25,
    "price": 1234.5,
    "word": "grün",
    "short": "a",
    "fixed": "b  ",
    "raw": b"\x00\xff",
    "day": dt.date(2024, 2, 29),
    "at": dt.datetime(2024, 2, 29, 12, 30, 0, 1),  # noqa: DTZ001 - it has none
    "at_tz": dt.datetime(2024, 2, 29, 10, 30, tzinfo=UTC),
    "clock": "23:59:59",
    "span": "1 day 02:00:00",
    "id": "6f1c0a1e-5f0b-4a3e-9a86-0a8b2f6d9a01",
    "doc": '{"a": 1}',
    "docb": '{"a": 1}',
    "place": "10.0.0.1",
    "point_": "(1,2)",
    "feel": "glad",
    "numbers": [1, None, 3],
    "days": [dt.date(2024, 1, 1)],
    "words": [],
}


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[Postgres]:
    execute(postgres, KINDS)
    yield postgres
    execute(postgres, "DROP TABLE kinds; DROP TYPE mood")


def execute(postgres: Postgres, statements: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(
            host=postgres.host,
            port=postgres.port,
            user=postgres.user,
            password=postgres.password,
            database=postgres.database,
            ssl=False,
        )
        try:
            if statements.startswith("SELECT"):
                return [tuple(row) for row in await connection.fetch(statements)]
            await connection.execute(statements)
            return []
        finally:
            await connection.close()

    return asyncio.run(run())


def of(postgres: Postgres, **settings: str) -> Datastore:
    return Datastore(
        workspace_id="w",
        name="sales",
        kind=DatastoreKind.AZURE_POSTGRESQL,
        settings=postgres.settings(**settings),
        created_by="me",
        created_at=NOW,
        updated_at=NOW,
    )


def pieces_of(postgres: Postgres, text: str, *, seconds: int = 60, limit: int | None = None):
    query = check_query(text, timeout_seconds=seconds, limit=limit)
    return ChosenQueries().run(of(postgres), postgres.credential, query=query)


def answer(postgres: Postgres, text: str, **more: Any) -> Any:
    async def read() -> bytes:
        return b"".join([piece async for piece in pieces_of(postgres, text, **more)])

    return pa.ipc.open_stream(asyncio.run(read())).read_all()


def failure(postgres: Postgres, text: str, **more: Any) -> ZaffreError:
    with pytest.raises(ZaffreError) as caught:
        answer(postgres, text, **more)
    return caught.value


def sessions(postgres: Postgres, like: str) -> int:
    """Return how many others work on such a query."""
    rows = execute(
        postgres,
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "  # noqa: S608 (ours)
        f"AND application_name = 'zaffre' AND query LIKE '%{like}%'",
    )
    return rows[0][0]


def test_every_type_has_its_own(database: Postgres):
    table = answer(database, "SELECT * FROM kinds")
    assert {one.name: str(one.type) for one in table.schema} == TYPES
    first, nulls = table.to_pylist()
    assert first == VALUES
    assert set(nulls.values()) == {None}


def test_numbers_that_no_column_of_integers_holds(database: Postgres):
    table = answer(database, "SELECT 'NaN'::numeric AS a, 'Infinity'::float8 AS b, 1e-7::numeric")
    row = table.to_pylist()[0]
    assert math.isnan(row["a"])
    assert row["b"] == math.inf
    assert row["numeric"] == 1e-7


def test_times_beyond_those_of_python(database: Postgres):
    table = answer(
        database,
        "SELECT * FROM (VALUES ('infinity'::timestamp, '-infinity'::date), "
        "('4713-01-01 BC', '4713-01-01 BC'), ('20000-01-01', '20000-01-01'), "
        "(NULL, NULL)) AS t(at, day)",
    )
    assert table.column("at").is_null().to_pylist() == [True, False, False, True]
    assert table.column("day").is_null().to_pylist() == [True, False, False, True]
    years = pa.compute.year(table.column("at")).to_pylist()
    assert years == [None, -4712, 20000, None]


def test_names_that_come_twice_are_told_apart(database: Postgres):
    table = answer(database, "SELECT 1 AS id, 2 AS id, 3 AS id")
    assert table.to_pylist() == [{"id": 1, "id_1": 2, "id_2": 3}]


def test_many_rows_come_in_small_pieces(database: Postgres):
    async def read() -> tuple[int, int]:
        sizes = [
            len(piece)
            async for piece in pieces_of(
                database,
                "SELECT n, n * 0.5 AS half, repeat('x', 50) FROM generate_series(1, 200000) n",
            )
        ]
        return max(sizes), sum(sizes)

    largest, whole = asyncio.run(read())
    assert largest < 4 << 20
    assert whole > 10 << 20


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (5, 5), (5000, 1000)])
def test_a_limit_ends_the_answer(database: Postgres, limit: int, count: int):
    table = answer(database, "SELECT * FROM generate_series(1, 1000) AS n", limit=limit)
    assert table.num_rows == count
    assert table.schema.names == ["n"]


def test_the_types_alone_cost_nothing(database: Postgres):
    table = answer(database, "SELECT pg_sleep(60)::text AS waited", seconds=5, limit=0)
    assert str(table.schema.field("waited").type) == "string"


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO kinds (tiny) VALUES (77) RETURNING tiny",
        "WITH made AS (INSERT INTO kinds (tiny) VALUES (77) RETURNING tiny) SELECT * FROM made",
        "UPDATE kinds SET tiny = 77 RETURNING tiny",
        "DELETE FROM kinds RETURNING tiny",
        "DELETE FROM kinds",
        "DROP TABLE kinds",
        "COMMIT",
        "SELECT 1; DROP TABLE kinds",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "COPY kinds TO STDOUT",
    ],
)
def test_a21_nothing_but_questions_is_taken(database: Postgres, text: str):
    assert isinstance(failure(database, text), InvalidError)
    assert execute(database, "SELECT count(*) FROM kinds WHERE tiny = 77") == [(0,)]
    assert execute(database, "SELECT count(*) FROM kinds") == [(2,)]


def test_a_mistake_is_told_with_its_place(database: Postgres):
    error = failure(database, "SELECT *\nFROM nowhere")
    assert error.code == "InvalidQuery"
    assert "(line 2, column 6)" in error.message
    assert "nowhere" in error.message


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("SELECT $1::int", "$1"),
        ("SELECT int4range(1, 2) AS r", "`int4range`"),
        ("SELECT kinds FROM kinds", "composite"),
        ("CREATE TABLE made (a int)", "no rows"),
    ],
)
def test_what_has_no_table_is_refused(database: Postgres, text: str, word: str):
    error = failure(database, text)
    assert error.code == "InvalidQuery", error.message
    assert word in error.message
    assert error.hint


def test_lists_of_lists_are_refused_by_column(database: Postgres):
    error = failure(database, "SELECT '{{1,2},{3,4}}'::int[] AS deep")
    assert error.code == "UnreadableColumn"
    assert "`deep`" in error.message


def test_a_failure_in_the_middle_is_told(database: Postgres):
    text = "SELECT 1 / (n - 5000) AS x FROM generate_series(1, 9999) AS n"
    pieces: list[bytes] = []

    async def read() -> None:
        async for piece in pieces_of(database, text):
            pieces.append(piece)  # noqa: PERF401 (it fails in the middle)

    with pytest.raises(InvalidError, match="division by zero"):
        asyncio.run(read())
    reader = pa.ipc.open_stream(b"".join(pieces))
    told = [reader.read_next_batch_with_custom_metadata() for _ in pieces][-1]
    assert b"division by zero" in told.custom_metadata[b"zaffre-error"]


def test_a_database_that_dies_in_the_middle_is_named(database: Postgres):
    async def read() -> None:
        text = "SELECT generate_series(1, 100000000) AS dying_one"
        async for _ in pieces_of(database, text):
            await asyncio.to_thread(
                execute,
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE '%dying_one%' AND pid <> pg_backend_pid()",
            )

    with pytest.raises(ConflictError) as caught:
        asyncio.run(read())
    assert caught.value.code == "DatabaseUnreachable"


def test_a_database_gives_up_in_time(database: Postgres):
    error = failure(database, "SELECT pg_sleep(60) AS slow_one", seconds=1)
    assert error.code == "QueryTimeout"
    assert "1 seconds" in error.message
    assert sessions(database, "slow_one") == 0


def test_time_in_which_nobody_reads_does_not_count(database: Postgres):
    async def read() -> int:
        count = 0
        async for piece in pieces_of(
            database, "SELECT n, repeat('x', 100) FROM generate_series(1, 30000) n", seconds=2
        ):
            count += len(piece)
            await asyncio.sleep(0.3)  # longer than the limit, all in all
        return count

    assert asyncio.run(read()) > 3_000_000


def test_whoever_leaves_takes_the_query_along(database: Postgres):
    async def leave() -> None:
        text = "SELECT generate_series(1, 100000000) AS left_one"
        async with aclosing(pieces_of(database, text)) as pieces:
            await anext(pieces)

        assert await _gone(database, "left_one")

    asyncio.run(leave())


async def _gone(database: Postgres, like: str) -> bool:
    for _ in range(200):
        if await asyncio.to_thread(sessions, database, like) == 0:
            return True
        await asyncio.sleep(0.02)
    return False


def test_whoever_is_cancelled_takes_the_query_along(database: Postgres):
    async def leave() -> None:
        async def wait() -> None:
            async for _ in pieces_of(database, "SELECT pg_sleep(60) AS cancelled_one"):
                pass

        task = asyncio.create_task(wait())
        while await asyncio.to_thread(sessions, database, "cancelled_one") == 0:  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert await _gone(database, "cancelled_one")

    asyncio.run(leave())


@pytest.mark.parametrize(
    ("settings", "credential", "code", "word"),
    [
        ({"username": "stranger"}, {}, "DatabaseRefused", "stranger"),
        ({}, {"password": "wrong"}, "DatabaseRefused", "password authentication failed"),
        ({"database_name": "nowhere"}, {}, "DatabaseRefused", "nowhere"),
        ({"port_number": "1"}, {}, "DatabaseUnreachable", "localhost:1/"),
        ({"server_name": "db.invalid"}, {}, "DatabaseUnreachable", "db.invalid"),
    ],
)
def test_a_way_that_is_closed_is_named(
    postgres: Postgres,
    settings: dict[str, str],
    credential: dict[str, str],
    code: str,
    word: str,
):
    query = check_query("SELECT 1", timeout_seconds=5)
    asked = {**postgres.credential, **credential}
    with pytest.raises(ConflictError) as caught:
        asyncio.run(anext(ChosenQueries().run(of(postgres, **settings), asked, query=query)))
    assert caught.value.code == code
    assert word in caught.value.message
    assert caught.value.hint
    assert not any(secret in caught.value.message for secret in asked.values())


def test_tls_is_checked(postgres: Postgres):
    if postgres.certificate is None:
        pytest.skip("this PostgreSQL has no TLS")

    async def read(**settings: str) -> Any:
        query = check_query(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", timeout_seconds=5
        )
        run = ChosenQueries().run(of(postgres, **settings), postgres.credential, query=query)
        return pa.ipc.open_stream(b"".join([piece async for piece in run])).read_all().to_pylist()

    known = asyncio.run(read(enforce_ssl="true", tls_authority=postgres.certificate))
    assert known == [{"ssl": True}]
    with pytest.raises(ConflictError, match="certificate") as caught:
        asyncio.run(read(enforce_ssl="true"))
    assert "tls_authority" in str(caught.value.hint)
    with pytest.raises(ConflictError, match=r"certificate|hostname|IP address"):
        asyncio.run(
            read(enforce_ssl="true", tls_authority=postgres.certificate, server_name="127.0.0.1")
        )


def test_other_kinds_cannot_be_asked(postgres: Postgres):
    query = check_query("SELECT 1", timeout_seconds=5)
    for kind, word in [
        (DatastoreKind.AZURE_SQL_DATABASE, "SQL Server"),
        (DatastoreKind.AZURE_BLOB, "files"),
    ]:
        datastore = Datastore(
            workspace_id="w",
            name="other",
            kind=kind,
            settings=postgres.settings(),
            created_by="me",
            created_at=NOW,
            updated_at=NOW,
        )
        with pytest.raises(InvalidError, match=word) as caught:
            asyncio.run(anext(ChosenQueries().run(datastore, {}, query=query)))
        assert caught.value.code == "QueryUnsupported"
