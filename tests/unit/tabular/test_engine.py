"""What the engine does where its memory has a bound."""

import pytest
from zaffre_sdk.data.tabular import engine
from zaffre_sdk.data.tabular.engine import BrokenInputError, Engine

TOO_MUCH = "CREATE TEMP TABLE x AS SELECT list(repeat('word ', 100) || i) FROM range(1000000) t(i)"
THREADS = "SELECT current_setting('threads')"


def test_what_needs_more_than_the_bound_is_tried_again_by_one_thread(monkeypatch):
    monkeypatch.setattr(engine, "_BOUND_BYTES", 50 * 1024**2)
    tried = []
    rows = Engine.rows
    monkeypatch.setattr(Engine, "rows", lambda self, sql: tried.append(sql) or rows(self, sql))
    with Engine(bounded=True) as bounded:
        with pytest.raises(BrokenInputError, match="Out of Memory"):
            bounded.run(TOO_MUCH)
        assert tried.count(TOO_MUCH) == 2
        assert bounded.rows(THREADS) == [(1,)]


def test_another_error_is_not_tried_again(monkeypatch):
    tried = []
    rows = Engine.rows
    monkeypatch.setattr(Engine, "rows", lambda self, sql: tried.append(sql) or rows(self, sql))
    with Engine(bounded=True) as bounded, pytest.raises(BrokenInputError, match="nowhere"):
        bounded.run("COPY (SELECT 1) TO '/nowhere/file.csv'")
    assert len([sql for sql in tried if sql.startswith("COPY")]) == 1
