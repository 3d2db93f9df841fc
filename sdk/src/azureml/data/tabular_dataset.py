"""Tables: records with columns, read when a program asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from azureml.data import _exporting, _keeping, _partitioning, _profiling, _streams
from azureml.data._steps import columns_of
from azureml.data._time_series import TimeSeries
from azureml.data.dataset_error_handling import DatasetValidationError, execution
from zaffre_sdk.data.tabular.table import Table
from zaffre_sdk.wire.datasets import DropColumns, KeepColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self  # newer than the oldest Python that this runs on

__all__ = ["TabularDataset"]


class TabularDataset(TimeSeries):
    """A table over files, or over the answer to a query.

    Example:
        >>> table = Dataset.Tabular.from_delimited_files(path=(store, "weather/*.csv"))
        >>> warm = table.filter(table["temperature"] > 25).keep_columns(["day", "temperature"])
        >>> warm.take(10).to_pandas_dataframe()
    """

    def keep_columns(self, columns: Any, validate: bool = False) -> Self:
        """Keep columns, in the order that they have; one that is not there is left out.

        Args:
            columns: A name, or several.
            validate: Read the first records, and refuse a column that is not there.

        Raises:
            DatasetValidationError: A column is not there, and `validate` is set.
        """
        names = columns_of(columns)
        if validate:
            self._check_columns(names)
        return self._without_stamps(lambda stamp: stamp in names)._then(KeepColumns(names))  # noqa: SLF001 - of its own class

    def drop_columns(self, columns: Any) -> Self:
        """Leave columns out; one that is not there does not matter."""
        names = columns_of(columns)
        return self._without_stamps(lambda stamp: stamp not in names)._then(DropColumns(names))  # noqa: SLF001 - of its own class

    def to_pandas_dataframe(
        self, on_error: str = "null", out_of_range_datetime: str = "null"
    ) -> Any:
        """Read everything into a pandas DataFrame.

        Args:
            on_error: What becomes of a cell that does not fit the type of its column: `null`, or
                with `fail` an error that names file, row and column.
            out_of_range_datetime: What becomes of a time that pandas cannot hold: `null` or
                `fail`.

        Raises:
            DatasetExecutionError: A file cannot be read; names file, row and column.
        """
        _keeping.warn_of_changes(self)
        with execution("to_pandas_dataframe"):
            frame = self._table().to_pandas(
                on_error=on_error, out_of_range_datetime=out_of_range_datetime
            )
        stamp = self._definition.timestamp
        if stamp is not None and stamp in frame.columns and len(frame):
            frame = frame.set_index(stamp, drop=False)
            frame.index.name = None
        return frame

    def to_dask_dataframe(
        self,
        sample_size: int = 10000,
        dtypes: Any = None,
        on_error: str = "null",
        out_of_range_datetime: str = "null",
    ) -> Any:
        """Return a Dask DataFrame over Parquet files that are made of the dataset.

        Args:
            sample_size: Accepted: the types are known.
            dtypes: Types by column, as `astype` has them.
            on_error: As in `to_pandas_dataframe`.
            out_of_range_datetime: As in `to_pandas_dataframe`.

        Raises:
            UserErrorException: Dask is not installed.
        """
        _keeping.warn_of_changes(self)
        return _exporting.to_dask(
            self, dtypes, on_error=on_error, out_of_range_datetime=out_of_range_datetime
        )

    def to_spark_dataframe(self) -> Any:
        """Return a Spark DataFrame over Parquet files that are made of the dataset.

        Raises:
            UserErrorException: PySpark is not installed.
        """
        _keeping.warn_of_changes(self)
        return _exporting.to_spark(self)

    def to_parquet_files(self) -> Any:
        """Return a FileDataset of Parquet files with the records of this one."""
        _keeping.warn_of_changes(self)
        return _exporting.to_files(self, "to_parquet_files", Table.to_parquet)

    def to_csv_files(self, separator: str = ",") -> Any:
        """Return a FileDataset of delimited files with the records of this one."""
        _keeping.warn_of_changes(self)
        return _exporting.to_files(
            self, "to_csv_files", lambda table, folder: table.to_csv(folder, separator)
        )

    def partition_by(
        self,
        partition_keys: Any,
        target: Any,
        name: str | None = None,
        show_progress: bool = True,
        partition_as_file_dataset: bool = False,
    ) -> Any:
        """Write the records to a datastore, in a folder for each value of some columns.

        Args:
            partition_keys: The columns; one folder within the other.
            target: A datastore, a tuple of a datastore and a folder in it, or a DataPath.
            name: Register what was written under this name.
            show_progress: Print what is done.
            partition_as_file_dataset: Return the files, not the records in them.
        """
        _keeping.warn_of_changes(self)
        return _partitioning.partition(
            self,
            partition_keys,
            target=target,
            name=name,
            say=_exporting.say if show_progress else _exporting.silent,
            as_files=partition_as_file_dataset,
        )

    def submit_profile_run(
        self, compute_target: Any, experiment: Any, cache_datastore_name: str | None = None
    ) -> Any:
        """Measure the columns in a run of an experiment, and return the run.

        Args:
            compute_target: Accepted: this process does it.
            experiment: The run belongs to it.
            cache_datastore_name: Accepted.
        """
        return _profiling.submit(self, experiment)

    def get_profile(self, workspace: Any = None) -> Any:
        """Return counts, types, quantiles and histograms of the columns.

        What the latest profile run measured, else what is measured now.
        """
        return _profiling.latest(self, workspace)

    def get_profile_runs(self, workspace: Any = None) -> Iterator[Any]:
        """Yield the runs that measured the columns, newest first."""
        return _profiling.runs(self, workspace)

    def download(
        self,
        stream_column: str,
        target_path: str | None = None,
        overwrite: bool = False,
        ignore_not_found: bool = True,
    ) -> list[str]:
        """Fetch the files that a column names, and return where they lie.

        Args:
            stream_column: A column with addresses, or paths as `include_path` gives them.
            target_path: The folder; a new one without.
            overwrite: Replace files that are there.
            ignore_not_found: Leave out files that are not there.
        """
        return _streams.download(
            _streams.files_of_column(self, stream_column),
            target_path,
            overwrite=overwrite,
            ignore_not_found=ignore_not_found,
        )

    def mount(self, stream_column: str, mount_point: str | None = None) -> Any:
        """Return a context in which the files that a column names lie in a folder."""
        return _streams.files_of_column(self, stream_column).mount(mount_point)

    def _check_columns(self, names: list[str]) -> None:
        with execution("keep_columns"):
            there = self._table().columns
        missing = [name for name in names if name not in there]
        if missing:
            raise DatasetValidationError(
                f"The specified columns {missing} do not exist in the current dataset.\n"
                f"There is: {', '.join(there)}."
            )

    def _without_stamps(self, is_there: Callable[[str], bool]) -> Self:
        """Forget that columns are times when they are no longer there."""
        known = self._definition

        def still(stamp: str | None) -> str | None:
            return stamp if stamp is not None and is_there(stamp) else None

        return self._made(
            replace(
                known,
                timestamp=still(known.timestamp),
                partition_timestamp=still(known.partition_timestamp),
            )
        )
