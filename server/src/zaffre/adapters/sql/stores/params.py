"""Params of runs in SQL; the statements of `add` are plain text since programs log many."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from zaffre.adapters.sql.hot import HotSelect, run_many, run_text
from zaffre.adapters.sql.stores.conditions import asked
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.tables import run_params, runs
from zaffre.domain.errors import missing
from zaffre.domain.runs import Run

_KEY = "SELECT key FROM runs WHERE workspace_id = ? AND id = ?"
_ADD = """
INSERT INTO run_params (run_key, name, value, digest) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_FIND = "SELECT name, value FROM run_params WHERE run_key = ? AND name IN ({})"
_of = HotSelect(
    select(runs.c.id, func.json_group_object(run_params.c.name, run_params.c.value))
    .join(run_params, run_params.c.run_key == runs.c.key)
    .where(runs.c.workspace_id == bindparam("workspace"), runs.c.id.in_(asked("runs")))
    .group_by(run_params.c.run_key)
)
_decode = msgspec.json.Decoder(dict[str, str]).decode


class SqlParamStore:
    """Implements `ports.tracking.ParamStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run, params: Mapping[str, str]) -> dict[str, str]:
        """Add those whose names are new; return what the run has under all of these names."""
        run_key = key_of_run(self._connection, run)
        found: dict[str, str] = {}
        for names in chunks(list(params)):
            rows = [(run_key, name, params[name], digest_of(params[name])) for name in names]
            if run_many(self._connection, _ADD, rows) == len(names):
                found.update((name, params[name]) for name in names)
                continue
            statement = _FIND.format(",".join("?" * len(names)))
            present = self._connection.exec_driver_sql(statement, (run_key, *names))
            found.update((name, value) for name, value in present)
        return found

    def of(self, workspace_id: str, run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the params of many runs, by name; runs without any are left out."""
        these = {"workspace": workspace_id, "runs": json.dumps(list(run_ids))}
        rows = _of.all(self._connection, these)
        return {run_id: _decode(params) for run_id, params in rows}


def digest_of(value: str) -> bytes:
    """Return what stands for a value in indexes."""
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def key_of_run(connection: Connection, run: Run) -> int:
    """Return the key of the row of a run; raises `RunNotFound`."""
    found = run_text(connection, _KEY, (run.workspace_id, run.id))
    if found is None:
        raise missing("run", run.id)
    key: int = found[0]
    return key
