"""The documents that v1 logs, as its documentation shows them, and what is wrong with others."""

import json

import numpy as np
import pytest
from azureml.core._metric_documents import document
from azureml.exceptions import UserErrorException

DATA = {
    "accuracy_table": {
        "probability_tables": [[[82, 118, 0, 0], [75, 31, 87, 7]], [[66, 9, 109, 16]]],
        "percentile_tables": [[[82, 118, 0, 0]], [[2, 0, 118, 80]]],
        "probability_thresholds": [0.0, 0.25],
        "percentile_thresholds": [0.0, 0.01],
        "class_labels": ["0", "1"],
    },
    "confusion_matrix": {"class_labels": ["cat", "dog"], "matrix": [[3, 0], [1, 4]]},
    "predictions": {
        "bin_averages": [0.25, 0.75],
        "bin_errors": [0.013, 0.042],
        "bin_counts": [56, 34],
        "bin_edges": [0.0, 0.5, 1.0],
    },
    "residuals": {"bin_edges": [50, 100, 200], "bin_counts": [0.88, 20]},
}


def complete(kind: str, **changes: object) -> dict:
    return {"schema_type": kind, "schema_version": "1.0.1", "data": {**DATA[kind], **changes}}


@pytest.mark.parametrize("kind", DATA)
def test_documents_of_every_kind_are_taken_as_text_and_as_dictionaries(kind):
    whole = complete(kind)
    assert json.loads(document("m", kind, whole)) == whole
    assert json.loads(document("m", kind, json.dumps(whole))) == whole


def test_arrays_become_lists():
    whole = complete("confusion_matrix", matrix=np.eye(2))
    assert json.loads(document("m", "confusion_matrix", whole))["data"]["matrix"] == [
        [1.0, 0.0],
        [0.0, 1.0],
    ]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("residuals", "{oops", "line 1, column 2"),
        ("residuals", "[1]", r"it is \[1\]"),
        ("residuals", {"schema_type": "residuals"}, "`schema_version`, `data`"),
        ("residuals", complete("predictions"), "`schema_type` is 'predictions'"),
        ("residuals", {**complete("residuals"), "schema_version": 1}, "`schema_version` is 1"),
        ("residuals", {**complete("residuals"), "data": []}, r"`data` is \[\]"),
        ("residuals", complete("residuals", bin_counts=[1]), "bounds 2 bins.*`bin_counts` 1"),
        ("residuals", complete("residuals", bin_counts=["a", 1]), "other than numbers"),
        ("residuals", complete("residuals", bin_edges=3), "`data.bin_edges` is 3"),
        ("confusion_matrix", complete("confusion_matrix", matrix=[[1, 2]]), "rows of .2. numbers"),
        ("confusion_matrix", complete("confusion_matrix", matrix=[["a", 1], [1, 1]]), "numbers"),
        ("accuracy_table", complete("accuracy_table", probability_tables=[[[1, 2]]]), "TP, FP"),
    ],
)
def test_what_is_wrong_is_named(kind, value, words):
    with pytest.raises(UserErrorException, match=words):
        document("m", kind, value)


def test_what_is_no_document_is_a_type_error():
    with pytest.raises(TypeError, match="not list"):
        document("m", "residuals", [1])
    with pytest.raises(TypeError, match="object"):
        document("m", "residuals", {"data": object()})
