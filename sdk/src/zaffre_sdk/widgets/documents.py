"""The documents that v1 logs as metrics, as figures: each has a `schema_type` and `data`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from zaffre_sdk.widgets.cells import plain
from zaffre_sdk.widgets.figures import Figure, lines

_MOST_CLASSES = 50


def document_figure(name: str, kind: str, data: bytes) -> Figure:
    """Return the figure of a document; one that does not follow its schema is shown as text."""
    try:
        document = json.loads(data)
        return _DRAWN[kind](name, document.get("data", document))
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError):
        text = data.decode("utf-8", "replace")
        return {"name": name, "form": "value", "value": plain(text), "count": 1}


def _confusion_matrix(name: str, data: dict[str, Any]) -> Figure:
    labels = [str(label) for label in data["class_labels"]]
    if any(len(row) != len(labels) for row in data["matrix"]):
        raise ValueError("a row needs a cell for each label")
    rows = [[plain(cell) for cell in row[:_MOST_CLASSES]] for row in data["matrix"]]
    return {
        "name": name,
        "form": "matrix",
        "labels": labels[:_MOST_CLASSES],
        "rows": rows[:_MOST_CLASSES],
    }


def _accuracy_table(name: str, data: dict[str, Any]) -> Figure:
    """Draw how true and false positives trade, for each class over its thresholds."""
    tables = data["probability_tables"]
    labels = data.get("class_labels") or range(len(tables))
    series = [
        (str(label), [_rates(*counts) for counts in rows]) for label, rows in zip(labels, tables)
    ]
    return lines(name, series[:_MOST_CLASSES], x="false positive rate", y="true positive rate")


def _rates(
    true_pos: float, false_pos: float, true_neg: float, false_neg: float
) -> tuple[Any, Any]:
    negatives, positives = false_pos + true_neg, true_pos + false_neg
    return (
        false_pos / negatives if negatives else None,
        true_pos / positives if positives else None,
    )


def _predictions(name: str, data: dict[str, Any]) -> Figure:
    middles = _middles(data["bin_edges"])
    perfect = ("perfect", list(zip(middles, middles)))
    predicted = ("average prediction", list(zip(middles, data["bin_averages"])))
    return lines(name, [predicted, perfect], x="true value", y="predicted value")


def _residuals(name: str, data: dict[str, Any]) -> Figure:
    points = list(zip(_middles(data["bin_edges"]), data["bin_counts"]))
    return lines(name, [("count", points)], x="residual", y="count")


def _middles(edges: list[float]) -> list[float]:
    return [(low + high) / 2 for low, high in zip(edges, edges[1:])]


_DRAWN: dict[str, Callable[[str, dict[str, Any]], Figure]] = {
    "accuracy_table": _accuracy_table,
    "confusion_matrix": _confusion_matrix,
    "predictions": _predictions,
    "residuals": _residuals,
}
