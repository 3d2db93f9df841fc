"""Queries of databases: who may ask, and what is refused before a database is asked."""

from typing import Any

import pytest
from postgres import Postgres

pa = pytest.importorskip("pyarrow")
from native.conftest import Api  # noqa: E402

ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture
def store(api: Api, postgres: Postgres) -> str:
    said = {
        "name": "sales",
        "kind": "azure_postgresql",
        "settings": postgres.settings(),
        "credential": postgres.credential,
    }
    api.done("POST", f"{api.home}/datastores", said)
    return f"{api.home}/datastores/sales/query"


def rows(body: bytes) -> list[dict[str, Any]]:
    return pa.ipc.open_stream(body).read_all().to_pylist()


def test_an_answer_is_a_stream_of_arrow(api: Api, store: str):
    reply = api.ask("POST", store, {"query": "SELECT 1 AS a, NULL::text AS b"})
    assert reply.status == 200
    assert reply.headers["content-type"] == ARROW
    assert rows(reply.body) == [{"a": 1, "b": None}]


def test_the_token_of_a_run_may_ask_but_not_register(api: Api, store: str, run: str):
    token = api.token_of(run)
    reply = api.ask("POST", store, {"query": "SELECT 1 AS a"}, token=token)
    assert rows(reply.body) == [{"a": 1}]
    said = {"name": "mine", "kind": "azure_postgresql"}
    assert api.refused("POST", f"{api.home}/datastores", said, token=token)[0] == 403


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": ""}, "InvalidQuery"),
        ({"query": "SELEC 1"}, "InvalidQuery"),
        ({"query": "SELECT 1", "timeout_seconds": 0}, "InvalidTimeout"),
        ({"query": "SELECT 1", "limit": -1}, "InvalidLimit"),
        ({"query": "SELECT pg_sleep(20)", "timeout_seconds": 1}, "QueryTimeout"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_status(
    api: Api, store: str, body: dict[str, Any], code: str
):
    assert api.refused("POST", store, body) == (400, code)


def test_files_cannot_be_asked(api: Api):
    path = f"{api.home}/datastores/workspaceblobstore/query"
    assert api.refused("POST", path, {"query": "SELECT 1"}) == (400, "QueryUnsupported")


def test_c75_an_unknown_datastore_is_not_found(api: Api):
    path = f"{api.home}/datastores/nowhere/query"
    assert api.refused("POST", path, {"query": "SELECT 1"})[0] == 404


def test_a21_no_setting_is_a_text_with_options(api: Api, postgres: Postgres):
    for more in (
        {"dsn": "postgresql://a/b?sslmode=disable"},
        {"options": "-c log_statement=all"},
        {"server_name": "a/b?host=/tmp"},
        {"port_number": "5432&x=1"},
    ):
        said = {"name": "odd", "kind": "azure_postgresql", "settings": postgres.settings(**more)}
        assert api.refused("POST", f"{api.home}/datastores", said)[0] == 400
