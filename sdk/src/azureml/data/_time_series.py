"""Tables whose records have times."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from azureml.data._chosen import ChosenDataset
from azureml.data._moments import moment_of
from azureml.data.dataset_error_handling import DatasetValidationError, execution
from azureml.exceptions import DatasetTimestampMissingError, UserErrorException
from zaffre_sdk.data.tabular.table import Table, open_table
from zaffre_sdk.wire.datasets import TimeRange

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

_OLD_NAMES = {
    "fine_grain_timestamp": "timestamp",
    "coarse_grain_timestamp": "partition_timestamp",
}


class TimeSeries(ChosenDataset):
    """A table that may know which of its columns says when."""

    _KIND = "tabular"

    @property
    def timestamp_columns(self) -> tuple[str | None, str | None]:
        """The column of fine time, and the one of coarse time from the path."""
        return self._definition.timestamp, self._definition.partition_timestamp

    def with_timestamp_columns(
        self,
        timestamp: str | None = None,
        partition_timestamp: str | None = None,
        validate: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Say which columns tell the time of a record, for `time_after` and its like.

        Args:
            timestamp: The column of fine time; None forgets it.
            partition_timestamp: A column of coarse time that comes from the path.
            validate: Read the first records, and refuse columns that are no times.
            **kwargs: The old names, `fine_grain_timestamp` and `coarse_grain_timestamp`.

        Raises:
            UserErrorException: The columns contradict each other.
        """
        fine, coarse = _stamps(timestamp, partition_timestamp, kwargs)
        if coarse is not None and fine is None:
            raise UserErrorException(
                "partition_timestamp can be assigned only if timestamp is assigned."
            )
        if fine is not None and fine == coarse:
            raise UserErrorException("partition_timestamp cannot be the same as timestamp.")
        if validate:
            self._check_times([one for one in (fine, coarse) if one is not None])
        return self._made(replace(self._definition, timestamp=fine, partition_timestamp=coarse))

    def time_after(
        self, start_time: datetime, include_boundary: bool = True, validate: bool = True
    ) -> Self:
        """Keep the records after a time.

        Raises:
            DatasetTimestampMissingError: No column of times is known.
        """
        return self._range("time_after", start_time, None, include_boundary, validate)

    def time_before(
        self, end_time: datetime, include_boundary: bool = True, validate: bool = True
    ) -> Self:
        """Keep the records before a time.

        Raises:
            DatasetTimestampMissingError: No column of times is known.
        """
        return self._range("time_before", None, end_time, include_boundary, validate)

    def time_between(
        self,
        start_time: datetime,
        end_time: datetime,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> Self:
        """Keep the records between two times.

        Raises:
            DatasetTimestampMissingError: No column of times is known.
        """
        return self._range("time_between", start_time, end_time, include_boundary, validate)

    def time_recent(
        self, time_delta: timedelta, include_boundary: bool = True, validate: bool = True
    ) -> Self:
        """Keep the records of the last while, counted from now on this machine's clock.

        Raises:
            DatasetTimestampMissingError: No column of times is known.
        """
        if not isinstance(time_delta, timedelta):
            raise UserErrorException(
                f"`time_delta` is {time_delta!r}; a `datetime.timedelta` is expected."
            )
        start = datetime.now() - time_delta  # noqa: DTZ005 - tables have times without zone
        return self._range("time_recent", start, None, include_boundary, validate)

    def _range(
        self,
        operation: str,
        start: datetime | None,
        end: datetime | None,
        include_boundary: bool,
        validate: bool,
    ) -> Self:
        column = self._definition.timestamp
        if column is None:
            raise DatasetTimestampMissingError(
                f"Cannot perform time-series filter `{operation}` on dataset without timestamp "
                "columns defined.\nPlease use `with_timestamp_columns` to enable time-series "
                "capabilities"
            )
        step = TimeRange(column, _bound(start), _bound(end), include_boundary)
        if validate:
            self._check_times([column])
        return self._then(step)

    def _check_times(self, names: list[str]) -> None:
        with execution("with_timestamp_columns"):
            there = self._table().columns
        missing = [name for name in names if name not in there]
        if missing:
            raise DatasetValidationError(
                f"The specified columns {missing} do not exist in the current dataset.\n"
                f"There is: {', '.join(there)}."
            )
        others = [name for name in names if there[name] != "datetime"]
        if others:
            kinds = ", ".join(there[name] for name in others)
            raise DatasetValidationError(
                f"The specified columns {others} do not have the expected types ['DATE']; they "
                f"are {kinds}.\n`set_column_types` with `DataType.to_datetime()` makes them times."
            )

    def _table(self) -> Table:
        return open_table(self._client, self._definition)


def _stamps(
    timestamp: str | None, partition_timestamp: str | None, others: dict[str, Any]
) -> tuple[str | None, str | None]:
    unknown = set(others) - set(_OLD_NAMES)
    if unknown:
        raise TypeError(f"`with_timestamp_columns` has no argument `{min(unknown)}`.")
    if not others:
        return _name(timestamp), _name(partition_timestamp)
    if timestamp is not None or partition_timestamp is not None:
        raise UserErrorException(
            f"`{next(iter(others))}` is the old name of "
            f"`{_OLD_NAMES[next(iter(others))]}`; use the new names alone."
        )
    warnings.warn(
        "`fine_grain_timestamp` and `coarse_grain_timestamp` are the old names of `timestamp` "
        "and `partition_timestamp`.",
        DeprecationWarning,
        stacklevel=3,
    )
    return _name(others.get("fine_grain_timestamp")), _name(others.get("coarse_grain_timestamp"))


def _name(column: Any) -> str | None:
    if column is not None and (not isinstance(column, str) or not column):
        raise UserErrorException(f"A column of times is {column!r}; its name is expected.")
    return None if column is None else str(column)


def _bound(moment: Any) -> str | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise UserErrorException(f"A time is {moment!r}; a `datetime.datetime` is expected.")
    return moment_of(moment)
