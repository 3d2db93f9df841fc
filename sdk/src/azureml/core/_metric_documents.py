"""The four documents that v1 logs: each names its schema and carries data of a known form."""

from __future__ import annotations

import json
from numbers import Real
from typing import TYPE_CHECKING, Any

from azureml.core._metric_values import MetricTypeError, shown
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Callable

_OUTCOMES = 4  # true positives, false positives, true negatives, false negatives


class _WrongError(Exception):
    """What is wrong with a document."""


def document(name: str, kind: str, value: Any) -> bytes:
    """Return a document, given as JSON text or as a dictionary, as bytes.

    Args:
        name: The metric, for messages.
        kind: `accuracy_table`, `confusion_matrix`, `predictions` or `residuals`.
        value: With `schema_type`, `schema_version` and `data`.

    Raises:
        UserErrorException: It is not JSON, or not a document of this kind; says which part.
        MetricTypeError: It is neither text nor a dictionary.
    """
    content = _content(name, value)
    try:
        _check(kind, content)
    except _WrongError as error:
        raise UserErrorException(
            f"The metric `{name}` is no document of the kind `{kind}`: {error}\nIt needs "
            f'`{{"schema_type": "{kind}", "schema_version": "1.0.0", "data": {{…}}}}`.'
        ) from error
    return json.dumps(content).encode()


def _content(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        # Arrays and scalars of numpy become lists and numbers.
        return json.loads(json.dumps(value, default=_plain))
    if not isinstance(value, str):
        raise MetricTypeError(
            f"The metric `{name}` needs JSON text or a dictionary, not {type(value).__name__}."
        )
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise UserErrorException(
            f"The metric `{name}` is not valid JSON: {error.msg} "
            f"(line {error.lineno}, column {error.colno})."
        ) from error


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise MetricTypeError(f"A document cannot hold {shown(value)} ({type(value).__name__}).")


def _check(kind: str, content: Any) -> None:
    if not isinstance(content, dict):
        raise _WrongError(f"it is {shown(content)}.")
    missing = [key for key in ("schema_type", "schema_version", "data") if key not in content]
    if missing:
        raise _WrongError(f"it has no {_listed(missing)}.")
    if content["schema_type"] != kind:
        raise _WrongError(f"its `schema_type` is {shown(content['schema_type'])}.")
    if not isinstance(content["schema_version"], str):
        raise _WrongError(f"its `schema_version` is {shown(content['schema_version'])}, not text.")
    if not isinstance(content["data"], dict):
        raise _WrongError(f"its `data` is {shown(content['data'])}, not an object.")
    _CHECKS[kind](content["data"])


def _check_accuracy_table(data: dict[str, Any]) -> None:
    _lists(data, "class_labels", "probability_tables", "probability_thresholds")
    for part in ("probability_tables", "percentile_tables"):
        for table in data.get(part, ()):
            if not isinstance(table, list) or not all(_is_row(row, _OUTCOMES) for row in table):
                raise _WrongError(
                    f"`data.{part}` has a table whose rows are not `[TP, FP, TN, FN]`."
                )


def _check_confusion_matrix(data: dict[str, Any]) -> None:
    _lists(data, "class_labels", "matrix")
    count = len(data["class_labels"])
    lengths = [len(row) if isinstance(row, list) else 0 for row in data["matrix"]]
    if lengths != [count] * count:
        raise _WrongError(
            f"`data.matrix` has rows of {lengths} numbers for {count} `class_labels`."
        )
    if not all(_is_row(row, count) for row in data["matrix"]):
        raise _WrongError("`data.matrix` has something other than numbers.")


def _check_predictions(data: dict[str, Any]) -> None:
    _check_bins(data, "bin_averages", "bin_errors", "bin_counts")


def _check_residuals(data: dict[str, Any]) -> None:
    _check_bins(data, "bin_counts")


def _check_bins(data: dict[str, Any], *parts: str) -> None:
    _lists(data, *parts, "bin_edges")
    bins = len(data["bin_edges"]) - 1
    for part in (*parts, "bin_edges"):
        if not _is_row(data[part], len(data[part])):
            raise _WrongError(f"`data.{part}` has something other than numbers.")
    wrong = {part: len(data[part]) for part in parts if len(data[part]) != bins}
    if wrong:
        listed = ", ".join(f"`{part}` {length}" for part, length in wrong.items())
        raise _WrongError(f"`data.bin_edges` bounds {bins} bins, but the entries are: {listed}.")


_CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "accuracy_table": _check_accuracy_table,
    "confusion_matrix": _check_confusion_matrix,
    "predictions": _check_predictions,
    "residuals": _check_residuals,
}


def _lists(data: dict[str, Any], *parts: str) -> None:
    missing = [f"data.{part}" for part in parts if part not in data]
    if missing:
        raise _WrongError(f"it has no {_listed(missing)}.")
    for part in parts:
        if not isinstance(data[part], list):
            raise _WrongError(f"`data.{part}` is {shown(data[part])}, not a list.")


def _is_row(row: Any, length: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == length
        and all(isinstance(cell, Real) and not isinstance(cell, bool) for cell in row)
    )


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
