"""What `Queries` promises, shown on a real MariaDB where the machine has one."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pymysql
import pytest
from live import until
from mariadb import Mariadb

pa = pytest.importorskip("pyarrow")
from zaffre.adapters.queries.choice import ChosenQueries  # noqa: E402
from zaffre.domain.datastores import Datastore, DatastoreKind  # noqa: E402
from zaffre.domain.errors import ConflictError, InvalidError, ZaffreError  # noqa: E402
from zaffre.domain.queries import check_query  # noqa: E402

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KINDS = """
CREATE TABLE kinds (
    yes boolean, tiny tinyint, big bigint, huge bigint unsigned, single float, double_ double,
    price decimal(12, 2), word varchar(20), long_ text, raw varbinary(10), day date,
    at datetime(6), stamp timestamp NULL, clock time, year_ year, flags bit(10), doc json,
    mood enum('sad', 'glad')
) CHARACTER SET utf8mb4
"""
ROW = """
INSERT INTO kinds VALUES (
    true, -1, 9007199254740993, 18446744073709551615, 1.5, 2.25, 1234.50, 'grün', 'lang',
    x'00ff', '2024-02-29', '2024-02-29 12:30:00.000001', '2024-02-29 12:30:00', '23:59:59', 2024,
    b'1000000001', '{"a": 1}', 'glad'
)
"""
TYPES = {
    "yes": "int8",
    "tiny": "int8",
    "big": "int64",
    "huge": "uint64",
    "single": "float",
    "double_": "double",
    "price": "double",
    "word": "string",
    "long_": "string",
    "raw": "binary",
    "day": "date32[day]",
    "at": "timestamp[us]",
    "stamp": "timestamp[us]",
    "clock": "string",
    "year_": "uint16",
    "flags": "uint64",
    "doc": "string",
    "mood": "string",
}
VALUES = {
    "yes": 1,
    "tiny": -1,
    "big": 9007199254740993,
    "huge": 18446744073709551615,
    "single": 1.5,
    "double_": 2.25,
    "price": 1234.5,
    "word": "grün",
    "long_": "lang",
    "raw": b"\x00\xff",
    "day": dt.date(2024, 2, 29),
    "at": dt.datetime(2024, 2, 29, 12, 30, 0, 1),  # noqa: DTZ001 - it has none
    "stamp": dt.datetime(2024, 2, 29, 12, 30),  # noqa: DTZ001 - likewise
    "clock": "23:59:59",
    "year_": 2024,
    "flags": 513,
    "doc": '{"a": 1}',
    "mood": "glad",
}


@pytest.fixture(scope="module")
def database(mariadb: Mariadb) -> Iterator[Mariadb]:
    execute(mariadb, KINDS, ROW, "INSERT INTO kinds (clock) VALUES (NULL)")
    yield mariadb
    execute(mariadb, "DROP TABLE kinds")


def execute(mariadb: Mariadb, *statements: str) -> Any:
    with (
        pymysql.connect(
            host=mariadb.host,
            port=mariadb.port,
            user=mariadb.user,
            password=mariadb.password.encode(),
            database=mariadb.database,
            ssl_disabled=True,
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def of(mariadb: Mariadb, **settings: str) -> Datastore:
    return Datastore(
        workspace_id="w",
        name="sales",
        kind=DatastoreKind.AZURE_MYSQL,
        settings=mariadb.settings(**settings),
        created_by="me",
        created_at=NOW,
        updated_at=NOW,
    )


def pieces_of(mariadb: Mariadb, text: str, *, seconds: int = 60, limit: int | None = None):
    query = check_query(text, timeout_seconds=seconds, limit=limit)
    return ChosenQueries().run(of(mariadb), mariadb.credential, query=query)


def answer(mariadb: Mariadb, text: str, **more: Any) -> Any:
    async def read() -> bytes:
        return b"".join([piece async for piece in pieces_of(mariadb, text, **more)])

    return pa.ipc.open_stream(asyncio.run(read())).read_all()


def test_every_type_has_its_own(database: Mariadb):
    table = answer(database, "SELECT * FROM kinds")
    assert {one.name: str(one.type) for one in table.schema} == TYPES
    first, nulls = table.to_pylist()
    assert first == VALUES
    assert set(nulls.values()) == {None}


def test_a_date_of_zeros_is_null(database: Mariadb):
    table = answer(
        database, "SELECT CAST('0000-00-00' AS DATE) AS day, DATE '2024-01-01' AS real_"
    )
    assert table.to_pylist() == [{"day": None, "real_": dt.date(2024, 1, 1)}]


def test_many_rows_come_in_small_pieces(database: Mariadb):
    async def read() -> tuple[int, int]:
        text = "SELECT seq, REPEAT('x', 50) AS text FROM seq_1_to_200000"
        sizes = [len(piece) async for piece in pieces_of(database, text)]
        return max(sizes), sum(sizes)

    largest, whole = asyncio.run(read())
    assert largest < 4 << 20
    assert whole > 10 << 20


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (5, 5), (5000, 1000)])
def test_a_limit_ends_the_answer(database: Mariadb, limit: int, count: int):
    table = answer(database, "SELECT seq AS n FROM seq_1_to_1000", limit=limit)
    assert table.num_rows == count
    assert table.schema.names == ["n"]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO kinds (tiny) VALUES (77) RETURNING tiny",
        "DROP TABLE kinds",
        "SELECT 1; DROP TABLE kinds",
        "SELECT * FROM kinds WHERE",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE kinds",
    ],
)
def test_a21_nothing_but_questions_is_taken(database: Mariadb, text: str):
    with pytest.raises(InvalidError) as caught:
        answer(database, text)
    assert caught.value.code == "InvalidQuery"
    assert execute(database, "SELECT COUNT(*) FROM kinds") == ((2,),)


def test_a_database_gives_up_in_time(database: Mariadb):
    with pytest.raises(ZaffreError) as caught:
        answer(database, "SELECT SLEEP(60), seq FROM seq_1_to_100", seconds=1)
    assert caught.value.code == "QueryTimeout"


def test_whoever_leaves_takes_the_query_along(database: Mariadb):
    async def leave() -> None:
        text = "SELECT seq AS left_one, REPEAT('x', 1000) FROM seq_1_to_100000000"
        async with aclosing(pieces_of(database, text)) as pieces:
            await anext(pieces)

    asyncio.run(leave())
    until(lambda: "left_one" not in str(execute(database, "SHOW FULL PROCESSLIST")))


@pytest.mark.parametrize(
    ("settings", "credential", "code"),
    [
        ({}, {"password": "wrong"}, "DatabaseRefused"),
        ({"database_name": "nowhere"}, {}, "DatabaseRefused"),
        ({"port_number": "1"}, {}, "DatabaseUnreachable"),
        ({"enforce_ssl": "true"}, {}, "DatabaseUnreachable"),
    ],
)
def test_a_way_that_is_closed_is_named(
    mariadb: Mariadb, settings: dict[str, str], credential: dict[str, str], code: str
):
    query = check_query("SELECT 1", timeout_seconds=5)
    asked = {**mariadb.credential, **credential}
    with pytest.raises(ConflictError) as caught:
        asyncio.run(anext(ChosenQueries().run(of(mariadb, **settings), asked, query=query)))
    assert caught.value.code == code
    assert not any(secret in caught.value.message for secret in asked.values())
