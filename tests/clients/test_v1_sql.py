"""Tables of databases, as v1 programs read them."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from azureml.core import Dataset, Datastore
from azureml.data import DataType
from azureml.exceptions import UserErrorException

pytest.importorskip("pyarrow")
SALES = (
    "SELECT n AS id, n * 0.5 AS price, 'shop ' || n % 3 AS shop, "
    "DATE '2024-01-01' + n AS day, n % 2 = 0 AS paid, NULLIF(n, 3) AS gap "
    "FROM generate_series(1, 100) AS n"
)


@pytest.fixture
def store(workspace, postgres):
    return Datastore.register_azure_postgre_sql(
        workspace=workspace,
        datastore_name="sales_db",
        server_name=postgres.host,
        database_name=postgres.database,
        user_id=postgres.user,
        user_password=postgres.password,
        port_number=postgres.port,
        enforce_ssl=False,
        overwrite=True,
    )


def test_a_table_of_a_database_becomes_a_frame(store):
    table = Dataset.Tabular.from_sql_query((store, SALES))
    frame = table.to_pandas_dataframe()
    assert list(frame.columns) == ["id", "price", "shop", "day", "paid", "gap"]
    assert len(frame) == 100
    first = frame.iloc[0]
    assert (first.id, first.price, first.shop, first.paid) == (1, 0.5, "shop 1", False)
    assert first.day == dt.datetime(2024, 1, 2)  # noqa: DTZ001 - a day has no zone
    assert frame.gap.isna().sum() == 1


def test_steps_follow_a_query(store):
    table = Dataset.Tabular.from_sql_query((store, SALES))
    few = table.filter(table["id"] > 90).keep_columns(["id", "shop"]).take(3)
    assert few.to_pandas_dataframe().id.tolist() == [91, 92, 93]
    one, other = table.random_split(0.5, seed=1)
    ids = {*one.to_pandas_dataframe().id, *other.to_pandas_dataframe().id}
    assert ids == set(range(1, 101))


def test_types_can_be_set(store):
    table = Dataset.Tabular.from_sql_query(
        (store, "SELECT '2024-02-29' AS day, 7 AS n"),
        set_column_types={"day": DataType.to_datetime("%Y-%m-%d"), "n": DataType.to_string()},
    )
    row = table.to_pandas_dataframe().iloc[0]
    assert row.day == dt.datetime(2024, 2, 29)  # noqa: DTZ001 - it has none
    assert row.n == "7"


def test_a_registered_query_is_asked_again_each_time(store, workspace):
    Dataset.Tabular.from_sql_query((store, "SELECT clock_timestamp() AS seen")).register(
        workspace, "clock"
    )
    seen = [
        Dataset.get_by_name(workspace, "clock").to_pandas_dataframe().seen[0] for _ in range(2)
    ]
    assert seen[0] < seen[1]


def test_what_the_database_says_is_told(store):
    with pytest.raises(Exception, match="nowhere"):
        Dataset.Tabular.from_sql_query((store, "SELECT * FROM nowhere"))
    with pytest.raises(Exception, match="1 seconds"):
        Dataset.Tabular.from_sql_query(
            (store, "SELECT n, pg_sleep(1) FROM generate_series(1, 60) n"),
            validate=False,
            query_timeout=1,
        ).to_pandas_dataframe()
    with pytest.raises(UserErrorException):
        Dataset.Tabular.from_sql_query((store, "SELECT 1"), query_timeout=0)


def test_sql_server_registers_and_says_that_it_cannot_be_asked(workspace):
    store = Datastore.register_azure_sql_database(
        workspace,
        "mssql",
        server_name="mine",
        database_name="db",
        username="me",
        password="word",  # noqa: S106 - of nobody
    )
    assert store.name in workspace.datastores
    with pytest.raises(Exception, match="SQL Server"):
        Dataset.Tabular.from_sql_query((store, "SELECT 1")).to_pandas_dataframe()


@pytest.mark.usefixtures("store")
def test_without_pyarrow_it_is_said_what_to_install(server):
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from azureml.core import Dataset, Datastore, Workspace\n"
        "ws = Workspace.get('v1', subscription_id='...', resource_group='tests')\n"
        "Dataset.Tabular.from_sql_query((Datastore.get(ws, 'sales_db'), 'SELECT 1'))"
        ".to_pandas_dataframe()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ZAFFRE_HOME": str(server.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "zaffre-sdk[data]" in done.stderr


def test_a_certificate_of_ones_own_is_trusted(workspace, postgres):
    if postgres.certificate is None:
        pytest.skip("this PostgreSQL has no TLS")
    store = Datastore.register_azure_postgre_sql(
        workspace,
        "sales_tls",
        server_name=postgres.host,
        database_name=postgres.database,
        user_id=postgres.user,
        user_password=postgres.password,
        port_number=postgres.port,
        tls_authority=postgres.certificate,
    )
    asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert Dataset.Tabular.from_sql_query((store, asked)).to_pandas_dataframe().ssl.tolist() == [
        True
    ]


def test_mysql_is_asked_too(workspace, mariadb):
    store = Datastore.register_azure_my_sql(
        workspace,
        "sales_mysql",
        server_name=mariadb.host,
        database_name=mariadb.database,
        user_id=mariadb.user,
        user_password=mariadb.password,
        port_number=mariadb.port,
        enforce_ssl=False,
    )
    frame = Dataset.Tabular.from_sql_query(
        (store, "SELECT 1 AS a, 'x' AS b")
    ).to_pandas_dataframe()
    assert frame.to_dict("records") == [{"a": 1, "b": "x"}]
