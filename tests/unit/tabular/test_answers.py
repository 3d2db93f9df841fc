"""Answers of databases as tables."""

import tempfile

import pyarrow as pa
import pytest
from zaffre_sdk.data.tabular import sql
from zaffre_sdk.data.tabular.table import Table
from zaffre_sdk.wire.datasets import Definition, KeepColumns, SqlQuery, Take


@pytest.fixture
def asked(monkeypatch):
    """Let a database answer, and return the most rows that it was asked for each time."""
    limits = []

    def ask(_client, _query, *, limit=None):
        limits.append(limit)
        rows = pa.table({"n": [1, 2, 3], "s": ["x", "y", "z"]}).slice(0, limit)
        with tempfile.TemporaryFile() as file:
            with pa.ipc.new_stream(file, rows.schema) as writer:
                writer.write_table(rows)
            file.flush()
            return sql.Answer(file)

    monkeypatch.setattr(sql, "ask", ask)
    return limits


def table_of(*steps):
    return Table(object(), Definition("tabular", reader=SqlQuery("store", "SELECT"), steps=steps))


def test_columns_are_known_without_rows(asked):
    assert table_of(KeepColumns(["n"]), Take(2)).columns == {"n": "integer"}
    assert asked == [0]


def test_rows_that_the_first_step_leaves_out_are_not_asked_for(asked):
    assert table_of(Take(2)).to_pandas()["s"].tolist() == ["x", "y"]
    assert table_of(KeepColumns(["n"]), Take(2)).to_pandas()["n"].tolist() == [1, 2]
    assert asked == [2, None]
