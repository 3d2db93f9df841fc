"""The driver for each kind of database; loaded when it is first asked, as Arrow takes a while."""

import asyncio
import importlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.datastores import Datastore
from zaffre.domain.errors import InvalidError
from zaffre.domain.queries import Query
from zaffre.ports.queries import Queries

_DRIVERS: Final = {
    "azure_postgresql": ("zaffre.adapters.queries.postgres", "PostgresQueries"),
    "azure_mysql": ("zaffre.adapters.queries.mysql", "MysqlQueries"),
}
_AZURE_SQL: Final = "azure_sql_database"


class ChosenQueries:
    """Asks each database through the driver of its kind; an implementation of `Queries`."""

    def __init__(self) -> None:
        self._drivers: dict[str, Queries] = {}

    async def run(
        self, datastore: Datastore, credential: Mapping[str, str], *, query: Query
    ) -> AsyncGenerator[bytes, None]:
        """Yield the answer; see `Queries.run`."""
        kind = str(datastore.kind)
        driver = self._drivers.get(kind)
        if driver is None:
            made = await asyncio.to_thread(_driver, datastore.name, kind)
            driver = self._drivers.setdefault(kind, made)
        async with aclosing(driver.run(datastore, credential, query=query)) as pieces:
            async for piece in pieces:
                yield piece


def _driver(name: str, kind: str) -> Queries:
    if kind not in _DRIVERS:
        raise _unsupported(name, kind)
    module, driver = _DRIVERS[kind]
    try:
        made: Queries = getattr(importlib.import_module(module), driver)()
    except ModuleNotFoundError as error:
        raise InvalidError(
            "QueryUnsupported",
            f"The server lacks the package {shown(error.name)}, which queries need.",
            target="datastore",
            hint="Install `zaffre[data]` beside the server, and start it again.",
        ) from error
    return made


def _unsupported(name: str, kind: str) -> InvalidError:
    reason = (
        "zaffre has no driver for SQL Server yet"
        if kind == _AZURE_SQL
        else f"it is a datastore of kind {shown(kind)}, which holds files"
    )
    return InvalidError(
        "QueryUnsupported",
        f"The datastore {shown(name)} cannot be asked: {reason}.",
        target="datastore",
        hint="Ask a datastore of kind `azure_postgresql` or `azure_mysql`; copy the table there, "
        "or into Parquet files.",
    )
