"""Statements that are run for every request, without what SQLAlchemy does around each of them.

The text is still SQLAlchemy's, compiled once for the dialect; what is left out are its result
objects, which take longer than SQLite does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Dialect, Insert, Select, Table

from zaffre.adapters.sql.columns import Readable

E = TypeVar("E")


class _Compiled(NamedTuple):
    """The text, the names of its parameters in order, and what values pass through.

    Attributes:
        processors: Of an INSERT one for each parameter, or None; of a query those of the columns
            that have one, with their places.
    """

    text: str
    order: Sequence[str]
    processors: Sequence[Any]


class HotSelect:
    """A query whose parameters are plain texts and numbers, each of them named."""

    def __init__(self, statement: "Select[Any]") -> None:
        self._statement = statement
        self._names = [column.name for column in statement.selected_columns]  # type: ignore[attr-defined,unused-ignore]  # all are columns
        self._compiled: dict[str, _Compiled] = {}

    def one(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return the first row, if there is one."""
        compiled, cursor = self._run(connection, values)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else _processed(row, compiled.processors)

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return all rows."""
        compiled, cursor = self._run(connection, values)
        rows = cursor.fetchall()
        cursor.close()
        if not compiled.processors:
            return list(rows)
        return [_processed(row, compiled.processors) for row in rows]

    def entity(
        self, entity: type[E], connection: Connection, values: Mapping[str, Any]
    ) -> E | None:
        """Return the entity of the first row, which has a column for each of its fields."""
        row = self.one(connection, values)
        return None if row is None else entity(**dict(zip(self._names, row, strict=True)))

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> tuple[_Compiled, Any]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        cursor = connection.connection.cursor()
        cursor.execute(compiled.text, [values[name] for name in compiled.order])
        return compiled, cursor

    def _compile(self, dialect: Dialect) -> _Compiled:
        made = self._statement.compile(dialect=dialect)
        processors = [
            (place, process)
            for place, column in enumerate(self._statement.selected_columns)
            if (process := _reader(column.type, dialect)) is not None
        ]
        # A positional dialect says in which order the parameters stand.
        order = getattr(made, "positiontup", None) or ()
        compiled = _Compiled(str(made), order, processors)
        self._compiled[dialect.name] = compiled
        return compiled


class HotInsert:
    """An INSERT of one row whose values are given by the names of all its columns."""

    def __init__(self, statement: Insert, table: Table) -> None:
        self._statement = statement
        self._table = table
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Insert a row."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect, list(values))
        row = [
            values[name] if process is None else process(values[name])
            for name, process in zip(compiled.order, compiled.processors, strict=True)
        ]
        cursor = connection.connection.cursor()
        cursor.execute(compiled.text, row)
        cursor.close()

    def _compile(self, dialect: Dialect, names: list[str]) -> _Compiled:
        made = self._statement.compile(dialect=dialect, column_keys=names)
        order = getattr(made, "positiontup", None) or ()
        processors = [
            self._table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
            for name in order
        ]
        compiled = _Compiled(str(made), order, processors)
        self._compiled[dialect.name] = compiled
        return compiled


def _reader(shape: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - of any type
    return shape.reader() if isinstance(shape, Readable) else shape.result_processor(dialect, None)


def _processed(row: Sequence[Any], processors: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    values = list(row)
    for place, process in processors:
        value = values[place]
        if value is not None:
            values[place] = process(value)
    return tuple(values)


def run_text(connection: Connection, text: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
    """Run a statement of the driver's own words and return its first row, if there is one."""
    cursor = connection.connection.cursor()
    cursor.execute(text, values)
    row: tuple[Any, ...] | None = cursor.fetchone() if cursor.description else None
    cursor.close()
    return row


def run_many(connection: Connection, text: str, rows: Iterable[Sequence[Any]]) -> int:
    """Run a statement of the driver's own words for each row; return how many it changed."""
    cursor = connection.connection.cursor()
    cursor.executemany(text, rows)  # type: ignore[arg-type,unused-ignore]  # any iterable
    changed: int = cursor.rowcount
    cursor.close()
    return changed
