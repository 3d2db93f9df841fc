"""Tables of MLflow's databases, whichever version wrote them: rows as dictionaries, read only."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sqlalchemy import (
    Engine,
    MetaData,
    Table,
    create_engine,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from zaffre.importing.errors import BrokenThingError, ImportingError

Row = Mapping[str, Any]
_NEEDED: Final = ("experiments", "runs", "metrics", "params", "tags")
_FETCH: Final = 10_000


class Tables:
    """The tables of a database."""

    def __init__(self, url: str) -> None:
        """Open a database.

        Raises:
            ImportingError: It cannot be opened, or is none of MLflow's.
        """
        self._engine = _engine(url)
        self._known: dict[str, Table | None] = {}
        self._lock = Lock()
        self._names = self._all_names(url)

    def rows(
        self, name: str, where: Row | None = None, *, order: Iterable[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """Yield rows; a table or a column that is not there has none, and orders nothing.

        Args:
            name: The table.
            where: What columns are to hold.
            order: Columns to sort by.

        Raises:
            BrokenThingError: The database refused.
        """
        table = self._table(name)
        equal = where or {}
        if table is None or any(column not in table.c for column in equal):
            return
        statement = select(table).where(*(table.c[one] == value for one, value in equal.items()))
        statement = statement.order_by(*(table.c[one] for one in order if one in table.c))
        try:
            with self._engine.connect() as connection:
                found = connection.execution_options(yield_per=_FETCH).execute(statement)
                for row in found.mappings():
                    yield dict(row)
        except (SQLAlchemyError, ValueError) as error:
            raise BrokenThingError(f"table `{name}` cannot be read: {_short(error)}") from error

    def pairs(self, name: str, where: Row, *, key: str, value: str) -> dict[str, str]:
        """Return two columns as a dictionary."""
        return {
            str(row[key]): "" if row[value] is None else str(row[value])
            for row in self.rows(name, where)
        }

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _all_names(self, url: str) -> set[str]:
        try:
            names = set(inspect(self._engine).get_table_names())
        except (SQLAlchemyError, OSError) as error:
            raise ImportingError(f"The database cannot be opened: {_short(error)}") from error
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            shown = make_url(url).render_as_string(hide_password=True)
            raise ImportingError(
                f"`{shown}` is no database of MLflow: it has no table {missing[0]}."
            )
        return names

    def _table(self, name: str) -> Table | None:
        if name not in self._names:
            return None
        with self._lock:
            if name not in self._known:
                # Each alone: what other tables refer to is of no interest.
                self._known[name] = Table(
                    name, MetaData(), autoload_with=self._engine, resolve_fks=False
                )
        return self._known[name]


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, execution_options={"isolation_level": "REPEATABLE READ"})
        path = Path(parsed.database or "").expanduser().absolute()
        if not path.is_file():
            raise ImportingError(f"There is no file `{path}`.")
        # As a URI, so that SQLite opens it for reading and creates nothing.
        return create_engine(f"sqlite:///{path.as_uri()}?mode=ro&uri=true")
    except ModuleNotFoundError as error:
        raise ImportingError(
            f"This kind of database needs the package `{error.name}`; install it beside zaffre."
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ImportingError(
            f"`{url.partition('://')[0]}` is no source. Name a folder, sqlite:///…, "
            "postgresql://… or http://…."
        ) from error


def _short(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
