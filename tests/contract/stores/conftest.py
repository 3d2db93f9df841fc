"""Every way to store, each as an empty database."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from zaffre.adapters.sql.database import open_database, prepare
from zaffre.ports.stores import Stores
from zaffre.ports.transactions import Transactions

from contract.stores.entities import experiment, run, workspace

T = TypeVar("T")


@dataclass(frozen=True)
class Database:
    """Units of work from tests that are not asynchronous."""

    runner: asyncio.Runner
    transactions: Transactions

    def write(self, work: Callable[[Stores], T]) -> T:
        return self.runner.run(self.transactions.write(work))

    def read(self, work: Callable[[Stores], T]) -> T:
        return self.runner.run(self.transactions.read(work))


def _sqlite(folder: Path, template: Path) -> Transactions:
    shutil.copy(template, folder / "zaffre.db")
    return open_database(folder / "zaffre.db")


def _sqlite_in_an_odd_folder(folder: Path, template: Path) -> Transactions:
    odd = folder / "ein Ordner %41?#é"
    odd.mkdir()
    return _sqlite(odd, template)


ADAPTERS = [_sqlite, _sqlite_in_an_odd_folder]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty database to copy, which is faster than to migrate one for each test."""
    path = tmp_path_factory.mktemp("template") / "zaffre.db"
    prepare(path)
    return path


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.__name__.strip("_"))
def empty(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> Iterator[Database]:
    with asyncio.Runner() as runner:
        transactions = request.param(tmp_path, template)
        yield Database(runner, transactions)
        runner.run(transactions.close())


@pytest.fixture
def database(empty: Database) -> Database:
    """Return a database with the workspaces `w1` and `w2`, an experiment and a run in `w1`."""

    def fill(s: Stores) -> None:
        s.workspaces.add(workspace("w1"))
        s.workspaces.add(workspace("w2"))
        s.experiments.add(experiment())
        s.runs.add(run())

    empty.write(fill)
    return empty
