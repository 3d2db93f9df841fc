"""The first look at data: whether it is there, and the types of its columns."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from msgspec.structs import replace

from azureml.data._partition_format import values_of
from azureml.data.dataset_error_handling import DatasetValidationError, validation
from zaffre_sdk.data.listing import list_files
from zaffre_sdk.data.tabular.inference import infer
from zaffre_sdk.wire.datasets import Delimited, SqlQuery, Take

if TYPE_CHECKING:
    from azureml.data.file_dataset import FileDataset
    from azureml.data.tabular_dataset import TabularDataset
    from zaffre_sdk.wire.datasets import ColumnType

_NOT_VALID = "Failed to validate the data.If data is inaccessible, please set validate to False."
_NOT_INFERRED = "Failed to infer column type.If data is inaccessible, please turn off inference."


def typed(
    table: TabularDataset, types: dict[str, ColumnType], *, infer: bool, validate: bool
) -> TabularDataset:
    """Return a table with the types of its columns.

    Those that the program gives count; the others are found in the first records and become part
    of the definition, so that the table does not change with what is found later.

    Args:
        table: Without types.
        types: What the program gives.
        infer: Find the others; Parquet and JSON say themselves what all but their paths are.
        validate: Look whether there is something to read.

    Raises:
        DatasetValidationError: There is nothing, or it cannot be read.
    """
    definition = table._definition  # noqa: SLF001 - one house
    found: dict[str, ColumnType] = {}
    if infer and (isinstance(definition.reader, Delimited) or definition.partition_format):
        with validation(_NOT_VALID if validate else _NOT_INFERRED):
            found = _inferred(table)
    known = {**found, **types}
    done = table._made(replace(definition, types=known))  # noqa: SLF001 - one house
    if validate and not (found and isinstance(definition.reader, Delimited)):
        _check_data(done)
    return done


def asked(
    table: TabularDataset, types: dict[str, ColumnType], *, validate: bool
) -> TabularDataset:
    """Return the table of a query with the types that the program gives.

    Raises:
        DatasetValidationError: The database does not take the query.
    """
    definition = table._definition  # noqa: SLF001 - one house
    done = table._made(replace(definition, types=types))  # noqa: SLF001 - one house
    if validate:
        query = definition.reader.query if isinstance(definition.reader, SqlQuery) else ""
        words = (
            f'Cannot load any data from the datastore using the SQL query "{query}". '
            "Please make sure the datastore and query is correct."
        )
        with validation(words):
            done.take(1)._table().count()  # noqa: SLF001 - one house
    return done


def check_partitions(files: FileDataset) -> None:
    """Refuse a `partition_format` that a file does not have.

    Raises:
        DatasetValidationError: A path has another form; names it.
    """
    definition = files._definition  # noqa: SLF001 - one house
    with validation(_NOT_VALID):
        for one in list_files(files._client, definition):  # noqa: SLF001 - one house
            values_of(definition.partition_format or "", one.file.path)


def _inferred(table: TabularDataset) -> dict[str, ColumnType]:
    definition = table._definition  # noqa: SLF001 - one house
    found = infer(table._client, definition)  # noqa: SLF001 - one house
    if found.ambiguous:
        warnings.warn(
            f"Ambiguous datetime formats inferred for columns {found.ambiguous} are resolved as "
            '"month-day". Desired format can be specified by `set_column_types`.',
            UserWarning,
            stacklevel=4,
        )
    return dict(found.types)


def _check_data(table: TabularDataset) -> None:
    with validation(_NOT_VALID):
        first = replace(table._definition, steps=[Take(1)])  # noqa: SLF001 - one house
        count = table._made(first)._table().count()  # noqa: SLF001 - one house
    if not count:
        raise DatasetValidationError(f"{_NOT_VALID}\nThe files have no records.")
