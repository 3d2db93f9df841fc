"""Measuring the columns of a table in bounded memory.

The records are read once, into a Parquet file beside; what is measured is read from there,
column by column.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from zaffre_sdk.data.tabular.conversion import quoted
from zaffre_sdk.data.tabular.fields import Field
from zaffre_sdk.data.tabular.profiles import (
    ColumnProfile,
    HistogramBucket,
    Measure,
    Profile,
    ValueCount,
)
from zaffre_sdk.data.tabular.reading import Reading

QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
# Up to so many records quantiles and different values are counted exactly.
_EXACT_ROWS = 2_000_000
_BUCKETS = 10
_MOST_VALUES = 1000
# The fourth power of what is larger may be no number any more.
_LARGE = 1e60
_NUMBERS = frozenset({"integer", "float"})
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (tables have times without zone)


@dataclass(frozen=True)
class _Column:
    """A column of the file beside."""

    reading: Reading
    field: Field
    source: str
    rows: int

    @property
    def name(self) -> str:
        return self.field.column

    def ask(self, expressions: Sequence[str], rest: str = "") -> list[tuple[Any, ...]]:
        return self.reading.other_rows(
            f"SELECT {', '.join(expressions)} FROM {self.source} {rest}"
        )


def measure(reading: Reading) -> Profile:
    """Return what is measured of a table.

    Raises:
        DataError: A file cannot be read; names file, line and column.
    """
    measured_at = time.time()
    fields = reading.query.fields
    with TemporaryDirectory(prefix="zaffre-profile-") as folder:
        path = str(Path(folder, "records.parquet"))
        columns = [_kept(field) for field in fields]
        misfits = [f"{field.misfit} AS m{field.column}" for field in fields]
        reading.copy([*columns, *misfits], f"{quoted(path)} (FORMAT parquet, COMPRESSION zstd)")
        source = f"read_parquet({quoted(path)})"
        rows = int(reading.other_rows(f"SELECT count(*) FROM {source}")[0][0])
        profiles = [_measured(_Column(reading, field, source, rows)) for field in fields]
    return Profile(rows, {one.column_name: one for one in profiles}, measured_at)


def _kept(field: Field) -> str:
    """Return what is measured of a column: one of nested values is only counted."""
    if field.kind == "other":
        return f"({field.column} IS NOT NULL) AS {field.column}"
    # A time with a zone would come back as a value that needs another package.
    value = f"CAST({field.column} AS TIMESTAMP)" if field.kind == "datetime" else field.column
    return f"{value} AS {field.column}"


def _measured(column: _Column) -> ColumnProfile:
    kind, name = column.field.kind, column.name
    value = f"nullif({name}, false)" if kind == "other" else name
    errors, missing = (
        int(found or 0)
        for found in column.ask(
            [f"count_if(m{name})", f"count_if({value} IS NULL AND NOT m{name})"]
        )[0]
    )
    profile: dict[str, Any] = {"missing_count": missing, "error_count": errors}
    if kind != "other":
        profile.update(_of_values(column))
    if kind in _NUMBERS:
        profile.update(_of_numbers(column))
    if kind in _NUMBERS or kind == "datetime":
        profile["quantiles"] = _quantiles(column)
        profile["histogram"] = _histogram(column, profile["min"], profile["max"])
    return ColumnProfile(column.field.name, kind, column.rows, **profile)


def _of_values(column: _Column) -> dict[str, Any]:
    name, is_text = column.name, column.field.kind in {"string", "stream"}
    count = "count(DISTINCT {})" if column.rows <= _EXACT_ROWS else "approx_count_distinct({})"
    least, most, different, empty = column.ask(
        [
            f"min({name})",
            f"max({name})",
            f"least({count.format(name)}, count({name}))",
            f"count_if({name} = '')" if is_text else "0",
        ]
    )[0]
    return {
        "min": _plain(least),
        "max": _plain(most),
        "unique_values": int(different),
        "empty_count": int(empty or 0),
        "value_counts": _value_counts(column) if different <= _MOST_VALUES else None,
    }


def _value_counts(column: _Column) -> list[ValueCount] | None:
    found = column.ask(
        [column.name, "count(*)"],
        f"WHERE {column.name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_VALUES + 1}",
    )
    if len(found) > _MOST_VALUES:
        return None
    return [ValueCount(_plain(value), int(count)) for value, count in found]


def _of_numbers(column: _Column) -> dict[str, Any]:
    functions = ("avg", "stddev_samp", "var_samp", "skewness", "kurtosis")
    low, high = _bounds(column)
    scale = _scale(low, high)
    value = f"({_number(column)} / {scale!r})"
    mean, std, variance, skewness, kurtosis = column.ask(
        [f"{function}({value})" for function in functions], _finite(column)
    )[0]
    return {
        "mean": _times(mean, scale),
        "std": _times(std, scale),
        "variance": _times(_times(variance, scale), scale),
        "skewness": skewness,
        "kurtosis": kurtosis,
    }


def _scale(low: float | None, high: float | None) -> float:
    """Return by what numbers are divided so that their powers stay numbers."""
    magnitude = max(abs(low or 0.0), abs(high or 0.0))
    return 2.0 ** (math.frexp(magnitude)[1] - 1) if magnitude > _LARGE else 1.0


def _times(value: float | None, scale: float) -> float | None:
    product = None if value is None else value * scale
    return product if product is not None and math.isfinite(product) else None


def _bounds(column: _Column) -> tuple[float | None, float | None]:
    value = _number(column)
    low, high = column.ask([f"min({value})", f"max({value})"], _finite(column))[0]
    return low, high


def _quantiles(column: _Column) -> dict[float, Measure]:
    exact = "quantile_disc" if column.field.kind == "datetime" else "quantile_cont"
    function = exact if column.rows <= _EXACT_ROWS else "approx_quantile"
    found = column.ask([f"{function}({column.name}, {list(QUANTILES)})"], _finite(column))[0][0]
    return {share: _plain(one) for share, one in zip(QUANTILES, found or [])}


def _histogram(column: _Column, least: Any, most: Any) -> list[HistogramBucket]:
    low, high = _bounds(column)
    if low is None or high is None:
        return []
    width = high / _BUCKETS - low / _BUCKETS
    if not width:
        return [HistogramBucket(least, most, _finite_count(column))]
    scale = _scale(low, high)
    share = f"({_number(column)} / {scale!r} - {low / scale!r}) / {width / scale!r}"
    bucket = f"least({_BUCKETS - 1}, floor({share}))::INTEGER"
    counts = dict(column.ask([bucket, "count(*)"], f"{_finite(column)} GROUP BY 1"))
    bounds = [low + width * n for n in range(_BUCKETS)] + [high]
    is_time = column.field.kind == "datetime"
    shown = [_EPOCH + timedelta(seconds=bound) if is_time else bound for bound in bounds]
    return [
        HistogramBucket(shown[n], shown[n + 1], int(counts.get(n, 0))) for n in range(_BUCKETS)
    ]


def _number(column: _Column) -> str:
    if column.field.kind == "datetime":
        return f"epoch({column.name})"
    return f"{column.name}::DOUBLE"


def _finite(column: _Column) -> str:
    return f"WHERE isfinite({column.name}{'' if column.field.kind == 'datetime' else '::DOUBLE'})"


def _finite_count(column: _Column) -> int:
    return int(column.ask(["count(*)"], _finite(column))[0][0])


def _plain(value: Any) -> Any:
    """Return a value that JSON has, or a time."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return value if isinstance(value, datetime) else float(value)
