"""A question to a database, from a program through the server and back."""

from collections.abc import Iterator

import psutil
import pytest
from live import LiveServer
from postgres import Postgres

pa = pytest.importorskip("pyarrow")
from zaffre_sdk.client.client import Client, WorkspaceClient  # noqa: E402
from zaffre_sdk.client.transport import Transport  # noqa: E402
from zaffre_sdk.data.tabular.sql import ask, types_of  # noqa: E402
from zaffre_sdk.errors import ConflictError, InvalidError, NotFoundError  # noqa: E402
from zaffre_sdk.wire.datasets import SqlQuery  # noqa: E402
from zaffre_sdk.wire.datastores import DatastoreIn  # noqa: E402

SPACE = {"name": "ws", "subscription_id": "s", "resource_group": "g", "exist_ok": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("sql") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> WorkspaceClient:
    token = (server.home / "token").read_text().strip()
    workspace = server.json("POST", "/workspaces", SPACE)["id"]
    return Client(Transport(server.url, token)).workspace(workspace)


@pytest.fixture(autouse=True)
def _home(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAFFRE_HOME", str(server.home))


@pytest.fixture(scope="module")
def store(client: WorkspaceClient, postgres: Postgres) -> str:
    client.datastores.register(
        DatastoreIn(
            name="sales",
            kind="azure_postgresql",
            settings=postgres.settings(),
            credential=postgres.credential,
            overwrite=True,
        )
    )
    return "sales"


def test_an_answer_is_read_as_often_as_need_be(client: WorkspaceClient, store: str):
    query = SqlQuery(
        store, "SELECT n, n / 2.0 AS half, now() AS at FROM generate_series(1, 5000) n"
    )
    answer = ask(client, query)
    assert [str(one.type) for one in answer.schema] == [
        "int32",
        "double",
        "timestamp[us, tz=UTC]",
    ]
    first = answer.reader().read_all()
    assert first.num_rows == 5000
    assert answer.reader().read_all().equals(first)
    assert sum(batch.num_rows for batch in answer.batches()) == 5000
    names = {name: kind.name for name, kind in types_of(answer.schema).items()}
    assert names == {"n": "integer", "half": "float", "at": "datetime"}


def test_the_types_are_there_without_rows(client: WorkspaceClient, store: str):
    query = SqlQuery(store, "SELECT true AS a, 'x' AS b, current_date AS c, ''::bytea AS d")
    answer = ask(client, query, limit=0)
    assert answer.reader().read_all().num_rows == 0
    names = {name: kind.name for name, kind in types_of(answer.schema).items()}
    assert names == {"a": "boolean", "b": "string", "c": "datetime", "d": "string"}


def test_what_the_database_says_arrives(client: WorkspaceClient, store: str):
    with pytest.raises(InvalidError, match="nowhere") as caught:
        ask(client, SqlQuery(store, "SELECT * FROM nowhere"))
    assert caught.value.code == "InvalidQuery"
    assert caught.value.tries == 1


def test_a_failure_in_the_middle_arrives_with_its_reason(client: WorkspaceClient, store: str):
    text = "SELECT 1 / (n - 50000) AS x FROM generate_series(1, 99999) AS n"
    with pytest.raises(InvalidError, match="division by zero") as caught:
        ask(client, SqlQuery(store, text))
    assert caught.value.code == "InvalidQuery"


def test_c75_a_datastore_that_is_not_there_lists_those_that_are(
    client: WorkspaceClient, store: str
):
    with pytest.raises(NotFoundError, match="`sale`") as caught:
        ask(client, SqlQuery("sale", "SELECT 1"))
    assert store in caught.value.hint


def test_a_wrong_password_is_told_and_never_shown(
    client: WorkspaceClient, postgres: Postgres, server: LiveServer
):
    client.datastores.register(
        DatastoreIn(
            name="closed",
            kind="azure_postgresql",
            settings=postgres.settings(),
            credential={"password": "not-the-word"},
        )
    )
    with pytest.raises(ConflictError) as caught:
        ask(client, SqlQuery("closed", "SELECT 1"))
    assert caught.value.code == "DatabaseRefused"
    assert "not-the-word" not in str(caught.value)
    log = server.home.parent / "server-output.log"
    assert "not-the-word" not in log.read_text()


def test_memory_does_not_grow_with_the_answer(
    client: WorkspaceClient, store: str, server: LiveServer
):
    answer = ask(client, SqlQuery(store, "SELECT 1 AS warm"))
    assert answer.reader().read_all().num_rows == 1
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    text = "SELECT n, repeat('x', 200) AS text FROM generate_series(1, 500000) AS n"
    answer = ask(client, SqlQuery(store, text))
    rows = sum(batch.num_rows for batch in answer.batches())
    assert rows == 500_000
    assert process.memory_info().rss - before < 60 << 20
