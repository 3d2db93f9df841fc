import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.metrics import MetricBatch, MetricColumns, MetricKind, MetricPoint
from zaffre.domain.runs import Run, RunState
from zaffre.domain.workspaces import Workspace
from zaffre.services.runs import advance, finish

from services.conftest import ALICE, Desk, of_run

K = MetricKind
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def point(value: object, kind: MetricKind = K.SCALAR, *, name: str = "m", step: object = None):
    return MetricPoint(name, kind, value, step, NOON)


def append(desk: Desk, run: Run, *points: MetricPoint, sequence: int = 1, writer: str = "w"):
    batch = MetricBatch.of(writer, sequence, points)
    return desk.write(lambda s: s.metrics.append(run.workspace_id, run.id, batch, caller=ALICE))


def entries(desk: Desk, run: Run, name: str | None = None, **part: int):
    asked = {"limit": 100, **part}
    return desk.read(
        lambda s: s.metrics.entries(run.workspace_id, run.id, caller=ALICE, name=name, **asked)
    )


@pytest.fixture
def run(desk: Desk, workspace: Workspace) -> Run:
    return desk.interactive(workspace)


def test_a_batch_is_stored_once(desk: Desk, run: Run):
    assert append(desk, run, point(1.0), point(2, step=5)) is True
    assert append(desk, run, point(1.0), point(2, step=5)) is False
    assert append(desk, run, point("text"), sequence=2) is True
    assert [e.value for _, e in entries(desk, run)] == [1.0, 2, "text"]
    assert [e.step for _, e in entries(desk, run, "m")] == [None, 5, None]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, True, 2**63 - 1, "", "é"])
def test_c50_c51_every_scalar_comes_back_as_it_was(desk: Desk, run: Run, value: object):
    append(desk, run, point(value))
    [(_, stored)] = entries(desk, run)
    assert repr(stored.value) == repr(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (K.LIST, [1, 2.5, "a", True, None]),
        (K.LIST, []),
        (K.ROW, {"a": 1, "b": "x", "c": None}),
        (K.TABLE, {"a": [1, 2], "b": ["x", None]}),
        (K.TABLE, {}),
        (K.IMAGE, "plots/roc.png"),
        (K.CONFUSION_MATRIX, "documents/cm.json"),
    ],
)
def test_every_kind_comes_back_as_it_was(desk: Desk, run: Run, kind: MetricKind, value: object):
    append(desk, run, point(value, kind))
    [summary] = desk.read(lambda s: s.metrics.summaries(run.workspace_id, run.id, caller=ALICE))
    assert (summary.kind, summary.last, summary.count) == (kind, value, 1)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (K.SCALAR, None),
        (K.SCALAR, [1]),
        (K.SCALAR, {"a": 1}),
        (K.LIST, 1),
        (K.LIST, [[1]]),
        (K.ROW, {"a": [1]}),
        (K.ROW, [1]),
        (K.TABLE, {"a": 1}),
        (K.TABLE, {"a": [[1]]}),
        (K.IMAGE, 1),
        (K.IMAGE, None),
        (K.RESIDUALS, {}),
    ],
)
def test_c49_a_value_of_another_shape_is_refused_with_its_place(
    desk: Desk, run: Run, kind: MetricKind, value: object
):
    with pytest.raises(InvalidError) as refused:
        append(desk, run, point(1), point(value, kind))
    assert refused.value.code == "InvalidMetricValue"
    assert refused.value.target == "points[1].value"
    assert entries(desk, run) == []


@pytest.mark.parametrize("step", [-1, 2**63, 2**64])
def test_c52_steps_out_of_range_are_refused(desk: Desk, run: Run, step: int):
    with pytest.raises(InvalidError) as refused:
        append(desk, run, point(1, step=step))
    assert refused.value.code == "InvalidStep"
    assert append(desk, run, point(1, step=2**63 - 1), point(1, step=0))


@pytest.mark.parametrize(
    "name", ["", "n" * 256, "k" * 1024, "a/../b", "..", "a/.", "a\0", "a\u202eb", "\ud800"]
)
def test_c53_names_against_the_rule_are_refused(desk: Desk, run: Run, name: str):
    with pytest.raises(InvalidError) as refused:
        append(desk, run, point(1, name=name))
    assert refused.value.code == "InvalidName"


@pytest.mark.parametrize("name", ["train/loss", "health", "latest", "a b", "é", "..a", "a..b/c"])
def test_names_of_metrics_are_free(desk: Desk, run: Run, name: str):
    append(desk, run, point(1, name=name))
    assert entries(desk, run)[0][1].name == name


def test_c43_the_same_name_in_another_unicode_form_is_the_same_metric(desk: Desk, run: Run):
    append(desk, run, point(1, name="e\u0301"), point(2, name="\u00e9"))
    assert [e.value for _, e in entries(desk, run, "\u00e9")] == [1, 2]


def test_c54_more_than_ten_thousand_points_are_refused(desk: Desk, run: Run):
    points = [point(n) for n in range(10_001)]
    with pytest.raises(InvalidError, match="10001 points"):
        append(desk, run, *points)
    assert append(desk, run, *points[:-1])


@pytest.mark.parametrize(("writer", "sequence"), [("", 1), ("w" * 256, 1), ("w", 0), ("w", -1)])
def test_writers_count_from_one(desk: Desk, run: Run, writer: str, sequence: int):
    with pytest.raises(InvalidError, match="is not allowed"):
        append(desk, run, point(1), writer=writer, sequence=sequence)


def test_c57_nothing_is_logged_after_the_end(desk: Desk, run: Run):
    desk.write(lambda s: finish(s.stores, s.runs._context, run, RunState.COMPLETED))
    with pytest.raises(ConflictError) as refused:
        append(desk, run, point(1))
    assert refused.value.code == "RunIsTerminal"


def test_c57_c52_a_lenient_door_adds_to_an_ended_run_and_below_step_zero(desk: Desk, run: Run):
    desk.write(lambda s: finish(s.stores, s.runs._context, run, RunState.COMPLETED))
    batch = MetricBatch.of("w", 1, (point(1.5, step=-(2**63)), point(2, step=-1)))

    def log(s):
        return s.metrics.append(run.workspace_id, run.id, batch, caller=ALICE, is_lenient=True)

    assert desk.write(log) is True
    assert desk.write(log) is False
    assert [entry.step for _, entry in entries(desk, run)] == [-(2**63), -1]
    desk.write(
        lambda s: s.stores.runs.save(
            replace(s.stores.runs.get(run.workspace_id, run.id), archived_at=NOON)
        )
    )
    with pytest.raises(InvalidError) as refused:
        desk.write(log)
    assert refused.value.code == "RunArchived"


@pytest.mark.parametrize(
    "columns",
    [
        MetricColumns(names=["a"], times=[1.0], values=[1.0, 2.0]),
        MetricColumns(names=["a"], times=[1.0], values=[1.0], steps=[1, 2]),
        MetricColumns(names=["a"], times=[1.0], values=[1.0], kinds=[]),
        MetricColumns(names=["a", "b"], times=[1.0], values=[1.0], order=[0]),
        MetricColumns(names=["a"], times=[1.0], values=[1.0], order=[1]),
        MetricColumns(names=["a", "b"], times=[1.0] * 2, values=[1.0] * 2, order=[0, -1]),
        MetricColumns(names=["a", "b"], times=[1.0] * 2, values=[1.0] * 2),
        MetricColumns(names=["a"], times=[], values=[]),
        MetricColumns(names=[], times=[1.0], values=[1.0]),
    ],
    ids=repr,
)
def test_columns_that_do_not_fit_are_refused(desk: Desk, run: Run, columns: MetricColumns):
    batch = MetricBatch("w", 1, columns)
    with pytest.raises(InvalidError) as refused:
        desk.write(lambda s: s.metrics.append(run.workspace_id, run.id, batch, caller=ALICE))
    assert refused.value.code == "InvalidBatch"


@pytest.mark.parametrize("last", [RunState.FINALIZING, RunState.CANCEL_REQUESTED])
def test_what_a_script_logged_is_taken_until_its_runner_ended_it(
    desk: Desk, workspace: Workspace, last: RunState
):
    run = desk.script(workspace)

    def drive(s):
        now = run
        for state in (RunState.PREPARING, RunState.STARTING, RunState.RUNNING, last):
            now = advance(s.stores, s.runs._context, now, state)

    desk.write(drive)
    assert append(desk, run, point(1))


def test_c59_ragged_tables_are_refused_with_the_lengths(desk: Desk, run: Run):
    with pytest.raises(InvalidError, match="`a` has 2, `b` has 1") as refused:
        append(desk, run, point({"a": [1, 2], "b": [1]}, K.TABLE))
    assert refused.value.code == "RaggedTable"


def test_c67_the_path_of_an_image_cannot_climb(desk: Desk, run: Run):
    with pytest.raises(InvalidError) as refused:
        append(desk, run, point("../x.png", K.IMAGE))
    assert refused.value.code == "InvalidPath"


def test_entries_continue_behind_a_position_and_samples_keep_both_ends(desk: Desk, run: Run):
    append(desk, run, *(point(n, name="ab"[n % 2]) for n in range(100)))
    first = entries(desk, run, limit=30)
    rest = entries(desk, run, limit=100, after=first[-1][0])
    assert [e.value for _, e in first + rest] == list(range(100))
    assert [e.value for _, e in entries(desk, run, "a", limit=2, after=1)] == [4, 6]
    sample = desk.read(
        lambda s: s.metrics.sample(run.workspace_id, run.id, "a", caller=ALICE, size=5)
    )
    assert len(sample) == 5
    assert (sample[0][1].value, sample[-1][1].value) == (0, 98)


def test_a28_the_token_of_another_run_logs_nothing(desk: Desk, workspace: Workspace, run: Run):
    caller = of_run(desk.interactive(workspace))
    batch = MetricBatch.of("w", 1, (point(1),))
    with pytest.raises(NotFoundError):
        desk.write(lambda s: s.metrics.append(workspace.id, run.id, batch, caller=caller))
