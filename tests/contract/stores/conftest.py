"""Every way to store, each as an empty database."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from databases import open_empty
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


def _sqlite(folder: Path) -> Transactions:
    return open_empty(folder / "zaffre.db")


def _sqlite_in_an_odd_folder(folder: Path) -> Transactions:
    odd = folder / "ein Ordner %41?#é"
    odd.mkdir()
    return _sqlite(odd)


ADAPTERS = [_sqlite, _sqlite_in_an_odd_folder]


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.__name__.strip("_"))
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with asyncio.Runner() as runner:
        transactions = request.param(tmp_path)
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
