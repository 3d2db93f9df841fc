import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from azureml.core import Run
from azureml.core import _metric_values as values
from azureml.core.run import _OfflineRun
from azureml.exceptions import RunEnvironmentException, UserErrorException


@pytest.fixture
def run(monkeypatch):
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    monkeypatch.setenv("ZAFFRE_OFFLINE_DIR", "none")
    monkeypatch.setattr("azureml.core.run._offline", [])
    return Run.get_context()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (1, 1),
        (0.5, 0.5),
        ("text", "text"),
        (True, 1),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.array(2.0), 2.0),
        (np.bool_(True), 1),  # noqa: FBT003 - the value
        (Decimal("1.5"), 1.5),
    ],
)
def test_c49_numbers_and_text_come_back_as_logged(run, value, stored):
    run.log("x", value)
    found = run.get_metrics()["x"]
    assert found == stored
    assert type(found) is type(stored)


@pytest.mark.parametrize("value", [None, 1j, np.array([1, 2]), [1], {"a": 1}, object()])
def test_c49_other_types_are_refused_by_name(run, value):
    with pytest.raises(TypeError, match=type(value).__name__) as error:
        run.log("x", value)
    assert isinstance(error.value, UserErrorException)
    assert "`x`" in str(error.value)


def test_c50_nan_and_infinity_are_kept(run):
    run.log("x", math.nan)
    run.log("x", -math.inf)
    first, second = run.get_metrics()["x"]
    assert math.isnan(first)
    assert second == -math.inf


@pytest.mark.parametrize("step", [-1, 0.5, 2**63, True, "1"])
def test_c52_steps_are_whole_numbers(run, step):
    with pytest.raises(UserErrorException, match="`step`"):
        run.log("x", 1, step=step)


def test_c58_an_image_needs_one_source(run, tmp_path):
    with pytest.raises(UserErrorException, match="either `path` or `plot`"):
        run.log_image("roc")
    with pytest.raises(UserErrorException, match="does not exist"):
        run.log_image("roc", path=str(tmp_path / "absent.png"))
    with pytest.raises(TypeError, match="matplotlib"):
        run.log_image("roc", plot=3)


def test_c59_ragged_columns_list_their_lengths(run):
    with pytest.raises(UserErrorException, match="`a` 2, `b` 1"):
        run.log_table("t", {"a": [1, 2], "b": [1]})


def test_c60_the_longest_list_is_stated(run):
    with pytest.raises(UserErrorException, match=str(values.LONGEST_LIST)):
        run.log_list("l", range(1_000_000))


def test_shapes_are_those_of_v1(run):
    run.log("once", 1)
    for value in (0.5, 0.25):
        run.log("series", value)
    run.log_list("list", [1, 2])
    run.log_row("row", x=1, y="a")
    for x in (1, 2):
        run.log_row("rows", x=x)
    run.log_table("table", pd.DataFrame({"a": [1, 2], "b": [3.0, 4.0]}))
    assert run.get_metrics() == {
        "once": 1,
        "series": [0.5, 0.25],
        "list": [1, 2],
        "row": {"x": 1, "y": "a"},
        "rows": {"x": [1, 2]},
        "table": {"a": [1, 2], "b": [3.0, 4.0]},
    }
    assert run.get_metrics("once") == {"once": 1}


def test_rows_without_a_cell_keep_their_place(run):
    run.log_row("r", a=1, b=2)
    run.log_row("r", a=3)
    run.log_table("t", {"x": [1, 2]})
    run.log_table("t", {"x": [3], "y": [4]})
    assert run.get_metrics() == {
        "r": {"a": [1, 3], "b": [2, None]},
        "t": {"x": [1, 2, 3], "y": [None, None, 4]},
    }


def test_outside_of_runs_the_context_prints(run, capsys):
    assert isinstance(run, _OfflineRun)
    assert run.id.startswith("OfflineRun_")
    with run:
        run.log("x", 1)
    assert "x = 1" in capsys.readouterr().out
    assert run.get_status() == "Completed"
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)
