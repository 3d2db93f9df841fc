"""References to what a SQL datastore answers, for steps of pipelines that move data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from azureml.data.data_reference import DataReference
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.data.stored_procedure_parameter import StoredProcedureParameter

__all__ = ["SqlDataReference"]


class SqlDataReference(DataReference):
    """A table, a query or a stored procedure of a SQL datastore.

    It has no path, so that a run cannot be given it: `Dataset.Tabular.from_sql_query` reads what
    a query answers.

    Args:
        datastore: Of SQL.
        data_reference_name: Any text.
        sql_table: A table.
        sql_query: Or a query.
        sql_stored_procedure: Or a stored procedure.
        sql_stored_procedure_params: What it is called with.
    """

    def __init__(
        self,
        datastore: Any,
        data_reference_name: str | None = None,
        sql_table: str | None = None,
        sql_query: str | None = None,
        sql_stored_procedure: str | None = None,
        sql_stored_procedure_params: Sequence[StoredProcedureParameter] | None = None,
    ) -> None:
        super().__init__(datastore, data_reference_name)
        given = [one for one in (sql_table, sql_query, sql_stored_procedure) if one]
        if len(given) > 1:
            raise UserErrorException(
                "Only one of `sql_table`, `sql_query` and `sql_stored_procedure` can be given."
            )
        self.sql_table = sql_table
        self.sql_query = sql_query
        self.sql_stored_procedure = sql_stored_procedure
        self.sql_stored_procedure_params = sql_stored_procedure_params

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> NoReturn:
        """Refuse: tables have no paths."""
        _refuse("path")

    def as_mount(self) -> NoReturn:
        """Refuse: tables are not mounted."""
        _refuse("as_mount")

    def as_download(self, path_on_compute: str | None = None, overwrite: bool = False) -> NoReturn:
        """Refuse: tables are not downloaded."""
        _refuse("as_download")

    def as_upload(self, path_on_compute: str | None = None, overwrite: bool = False) -> NoReturn:
        """Refuse: tables are not uploaded."""
        _refuse("as_upload")

    def to_config(self) -> NoReturn:
        """Refuse: a run cannot be given a table by its path."""
        _refuse("to_config")


def _refuse(what: str) -> NoReturn:
    raise UserErrorException(
        f"`SqlDataReference.{what}` is not possible: what a database answers has no path.\n"
        "Read it with `Dataset.Tabular.from_sql_query((datastore, query))`."
    )
