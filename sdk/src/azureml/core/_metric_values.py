"""Which values can be logged, and the forms in which v1 gives them back."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zaffre_sdk.wire.metrics import EntryOut

LONGEST_LIST = 100_000
_LONGEST_NAME = 255
_LARGEST_STEP = 2**63 - 1
_REFERENCE = "aml://artifactId/ExperimentRun/dcid.{}/"
_FILE_KINDS = frozenset(
    {"image", "accuracy_table", "confusion_matrix", "predictions", "residuals"}
)


class MetricTypeError(UserErrorException, TypeError):
    """A value of a type that metrics cannot have."""


def checked_name(name: Any) -> str:
    """Return the name of a metric.

    Raises:
        MetricTypeError: It is not text.
        UserErrorException: It is empty or too long.
    """
    if not isinstance(name, str):
        raise MetricTypeError(f"`name` must be text, not {name!r} ({type(name).__name__}).")
    if not name or len(name) > _LONGEST_NAME:
        raise UserErrorException(
            f"A metric name has 1 to {_LONGEST_NAME} characters; `{name[:60]}` has {len(name)}."
        )
    return name


def scalar(name: str, value: Any) -> float | str:
    """Return `value` as a plain number or text; True and False become 1 and 0.

    Raises:
        MetricTypeError: It is neither.
    """
    plain = value.item() if hasattr(value, "item") and _size(value) == 1 else value
    if isinstance(plain, bool):
        return int(plain)
    if isinstance(plain, (int, float, str)):
        return plain
    if isinstance(plain, Real) or type(plain).__name__ == "Decimal":
        return float(plain)
    raise MetricTypeError(
        f"The metric `{name}` cannot have the value {shown(value)} of type "
        f"{type(value).__name__}; a number or text is expected."
    )


def scalars(name: str, values: Any) -> list[float | str]:
    """Return `values` as a list of plain numbers or texts.

    Raises:
        MetricTypeError: It is not a list, or holds something else.
        UserErrorException: It is too long.
    """
    plain = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(plain, (str, bytes, dict)) or not hasattr(plain, "__iter__"):
        raise MetricTypeError(
            f"The metric `{name}` needs a list, not {shown(values)} ({type(values).__name__})."
        )
    checked = [scalar(name, one) for one in plain]
    if len(checked) > LONGEST_LIST:
        raise UserErrorException(
            f"The metric `{name}` has {len(checked)} values; {LONGEST_LIST} are the most that "
            "one call can log."
        )
    return checked


def columns(name: str, value: Any) -> dict[str, list[float | str]]:
    """Return a table as columns of equal length.

    Raises:
        MetricTypeError: It is not a dictionary of lists.
        UserErrorException: The columns differ in length; lists the lengths.
    """
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        value = value.to_dict("list")
    if not isinstance(value, dict):
        raise MetricTypeError(
            f"The table `{name}` must be a dictionary of columns, "
            f"not {shown(value)} ({type(value).__name__})."
        )
    table = {
        checked_name(key): scalars(f"{name}.{key}", column if _is_many(column) else [column])
        for key, column in value.items()
    }
    lengths = {key: len(column) for key, column in table.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"`{key}` {length}" for key, length in lengths.items())
        raise UserErrorException(f"The columns of the table `{name}` differ in length: {listed}.")
    return table


def row(name: str, cells: Mapping[str, Any]) -> dict[str, float | str]:
    """Return one row of a table."""
    if not cells:
        raise UserErrorException(f"The row `{name}` has no columns; name them: `x=1, y=2`.")
    return {key: scalar(f"{name}.{key}", value) for key, value in cells.items()}


def step(value: Any) -> int | None:
    """Return a step as a plain number.

    Raises:
        UserErrorException: It is negative, not whole, or larger than 64 bits hold.
    """
    if value is None:
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    if isinstance(plain, bool) or not isinstance(plain, int) or not 0 <= plain <= _LARGEST_STEP:
        raise UserErrorException(
            f"`step` must be a whole number from 0 to {_LARGEST_STEP}, not {shown(value)}."
        )
    return plain


def as_v1(entries: Iterable[EntryOut], run_id: str) -> dict[str, Any]:
    """Return log calls in the form of `get_metrics`.

    A metric logged once is its value, logged again a list of values. Rows and tables are columns;
    the columns of a single row are plain values, and a cell that a row has not is None. Files are
    addresses.
    """
    grouped: dict[str, list[Any]] = {}
    for entry in entries:
        value = entry.value
        if entry.kind in _FILE_KINDS:
            value = f"{_REFERENCE.format(run_id)}{value}"
        grouped.setdefault(entry.name, []).append(value)
    return {name: _joined(values) for name, values in grouped.items()}


def path_of(reference: str, run_id: str) -> str:
    """Return the path of a file of a run, given as `get_metrics` gives it or as it is."""
    return reference.removeprefix(_REFERENCE.format(run_id))


def shown(value: Any) -> str:
    """Return `value` short enough for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - a line


def _joined(values: list[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    if not all(isinstance(value, dict) for value in values):
        return _flat(values)
    keys = dict.fromkeys(key for value in values for key in value)
    return {key: _flat([_column(value, key) for value in values]) for key in keys}


def _column(table: dict[str, Any], key: str) -> Any:
    """Return a column; None for every row of a table without it, so that rows stay together."""
    if key in table:
        return table[key]
    lengths = [len(column) for column in table.values() if isinstance(column, list)]
    return [None] * lengths[0] if lengths else None


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(value)
        else:
            flat.append(value)
    return flat


def _is_many(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, (str, bytes, dict))


def _size(value: Any) -> int:
    size = getattr(value, "size", 1)
    if callable(size):  # torch answers a shape
        size = value.numel() if hasattr(value, "numel") else 1
    return int(size)
