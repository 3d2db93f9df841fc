"""What was measured of a table and its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Optional, Union

if TYPE_CHECKING:
    from typing import TypeGuard  # newer than the oldest Python that this runs on

Measure = Optional[Union[str, int, float, bool, datetime]]


@dataclass(frozen=True)
class HistogramBucket:
    """How many values lie between two bounds; the upper one belongs to the last bucket alone."""

    lower_bound: Measure
    upper_bound: Measure
    count: int


@dataclass(frozen=True)
class ValueCount:
    """How often a value is there."""

    value: Measure
    count: int


@dataclass(frozen=True)
class ColumnProfile:
    """What was measured of a column.

    Attributes:
        type: As of columns.
        count: Of the records.
        missing_count: How many have no value.
        error_count: How many have something that is no value of the type.
        empty_count: How many have an empty text.
        unique_values: How many different values there are; of more than two million records
            within about 5 %.
        mean: Of numbers; as are `std`, `variance`, `skewness` and `kurtosis`.
        quantiles: Of numbers and times: 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 and
            0.999; of more than two million records within about 1 %.
        histogram: Ten buckets of numbers and times.
        value_counts: The values by how often they are there; None where there are more than a
            thousand.
    """

    column_name: str
    type: str
    count: int
    missing_count: int = 0
    error_count: int = 0
    empty_count: int = 0
    unique_values: int = 0
    min: Measure = None
    max: Measure = None
    mean: float | None = None
    std: float | None = None
    variance: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    quantiles: dict[float, Measure] = field(default_factory=dict)
    histogram: list[HistogramBucket] = field(default_factory=list)
    value_counts: list[ValueCount] | None = None

    @property
    def not_missing_count(self) -> int:
        """How many have a value."""
        return self.count - self.missing_count

    @property
    def percent_missing(self) -> float:
        """Which part has no value, between 0 and 1."""
        return self.missing_count / self.count if self.count else 0.0

    @property
    def median(self) -> Measure:
        """What half of the values are below."""
        return self.quantiles.get(0.5)

    @property
    def lower_quartile(self) -> Measure:
        """What a quarter of the values are below."""
        return self.quantiles.get(0.25)

    @property
    def upper_quartile(self) -> Measure:
        """What three quarters of the values are below."""
        return self.quantiles.get(0.75)

    @property
    def whisker_top(self) -> float | None:
        """The end of the upper whisker of a box plot."""
        return self._whisker(upwards=True)

    @property
    def whisker_bottom(self) -> float | None:
        """The end of the lower whisker of a box plot."""
        return self._whisker(upwards=False)

    def _whisker(self, *, upwards: bool) -> float | None:
        lower, upper = self.lower_quartile, self.upper_quartile
        end = self.max if upwards else self.min
        if not (_is_number(lower) and _is_number(upper) and _is_number(end)):
            return None
        reach = 1.5 * (upper - lower)
        return float(min(upper + reach, end) if upwards else max(lower - reach, end))


@dataclass(frozen=True)
class Profile:
    """What was measured of a table.

    Attributes:
        row_count: How many records there are.
        columns: What was measured of each column, by its name and in their order.
        measured_at: When it was, in seconds since 1970.
    """

    row_count: int
    columns: Mapping[str, ColumnProfile]
    measured_at: float

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, as JSON has them."""
        return {
            "row_count": self.row_count,
            "measured_at": self.measured_at,
            "columns": [_plain(asdict(one)) for one in self.columns.values()],
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Profile:
        """Return the profile that `to_dict` gave."""
        columns = [_column(one) for one in values["columns"]]
        return Profile(
            values["row_count"],
            {one.column_name: one for one in columns},
            values["measured_at"],
        )

    def __repr__(self) -> str:
        lines = [f"{self.row_count} records, {len(self.columns)} columns"]
        lines += [
            f"  {one.column_name} ({one.type}): {one.missing_count} missing, "
            f"{one.error_count} errors, {one.unique_values} different, {one.min} to {one.max}"
            for one in self.columns.values()
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = (
            "type",
            "missing_count",
            "error_count",
            "unique_values",
            "min",
            "max",
            "mean",
            "std",
            "median",
        )
        head = "".join(f"<th>{name}</th>" for name in ("column", *names))
        rows = "".join(
            f"<tr><th>{escape(one.column_name)}</th>"
            + "".join(f"<td>{escape(_shown(getattr(one, name)))}</td>" for name in names)
            + "</tr>"
            for one in self.columns.values()
        )
        return (
            f"<p>{self.row_count} records</p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def _is_number(value: Measure) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _column(values: Mapping[str, Any]) -> ColumnProfile:
    known = dict(values)

    def measure(value: Any) -> Any:
        is_time = known["type"] == "datetime" and isinstance(value, str)
        return datetime.fromisoformat(value) if is_time else value

    known["min"], known["max"] = measure(known["min"]), measure(known["max"])
    known["quantiles"] = {float(key): measure(one) for key, one in known["quantiles"].items()}
    known["histogram"] = [
        HistogramBucket(measure(one["lower_bound"]), measure(one["upper_bound"]), one["count"])
        for one in known["histogram"]
    ]
    if known["value_counts"] is not None:
        known["value_counts"] = [
            ValueCount(measure(one["value"]), one["count"]) for one in known["value_counts"]
        ]
    return ColumnProfile(**known)
