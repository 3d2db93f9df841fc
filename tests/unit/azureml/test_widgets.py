import json
from threading import Event

import pytest
from azureml.core.run import Run
from azureml.exceptions import UserErrorException
from azureml.widgets import RunDetails
from azureml.widgets._data import widget_data
from live import until
from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.errors import ForbiddenError, ServerUnreachableError
from zaffre_sdk.widgets.cells import plain
from zaffre_sdk.widgets.documents import document_figure
from zaffre_sdk.widgets.figures import figure, lines
from zaffre_sdk.widgets.heads import head, parameters
from zaffre_sdk.widgets.logs import LogTails, cleaned
from zaffre_sdk.widgets.page import as_html, as_text
from zaffre_sdk.widgets.reading import RunSight, RunView
from zaffre_sdk.widgets.watching import Watch
from zaffre_sdk.wire.artifacts import ArtifactOut, LogOut
from zaffre_sdk.wire.metrics import EntryOut, MetricOut
from zaffre_sdk.wire.runs import RunError, RunOut, RunSpec

HOSTILE = "<script>alert(1)</script>"


def run_out(**more):
    values = {
        "id": "r1",
        "workspace_id": "w",
        "experiment": "exp",
        "experiment_id": "e",
        "parent_id": None,
        "number": 1,
        "spec": RunSpec(kind="script", script="train.py", arguments=["--rate", "0.1", "--fast"]),
        "state": "Failed",
        "display_name": "",
        "description": "",
        "tags": {},
        "properties": {},
        "error": None,
        "attempt": 1,
        "created_by": "me",
        "created_at": 1.0,
        "started_at": 2.0,
        "ended_at": 65.0,
    }
    return RunOut(**{**values, **more})


def drawn(kind, values, *, steps=None):
    entries = [
        EntryOut(
            position=index,
            name="m",
            kind=kind,
            value=value,
            step=steps[index] if steps else None,
            time=float(index),
        )
        for index, value in enumerate(values)
    ]
    return figure(at_a_glance("m", kind, count=len(values), last=values[-1]), entries)


def at_a_glance(name, kind, *, count, last=None):
    return MetricOut(
        name=name,
        kind=kind,
        count=count,
        last=last,
        last_step=None,
        minimum=None,
        maximum=None,
        updated_at=1.0,
    )


def test_numbers_logged_again_become_a_curve_over_their_steps():
    shown = drawn("scalar", [0.5, float("nan"), 0.25], steps=[20, 10, 0])
    assert shown["form"] == "lines"
    assert shown["x"] == "step"
    assert shown["lines"][0]["points"] == [[0, 0.25], [20, 0.5]]


@pytest.mark.parametrize("value", [0.5, "text", float("inf"), 2**70])
def test_single_values_are_values_that_json_keeps(value):
    shown = drawn("scalar", [value])
    assert shown["form"] == "value"
    json.dumps(shown, allow_nan=False)


def test_rows_and_tables_are_tables_with_empty_cells():
    shown = drawn("row", [{"a": 1}, {"a": 2, "b": "x"}])
    assert shown["columns"] == ["a", "b"]
    assert shown["rows"] == [[1, None], [2, "x"]]
    assert drawn("table", [{"a": [1, 2], "b": [3, 4]}])["rows"] == [[1, 3], [2, 4]]
    assert drawn("list", ["x", "y"])["rows"] == [["x"], ["y"]]


def test_documents_are_drawn_and_broken_ones_are_shown_as_text():
    table = {"probability_tables": [[[5, 5, 0, 0], [5, 0, 5, 0]]], "class_labels": ["a"]}
    shown = document_figure("m", "accuracy_table", json.dumps({"data": table}).encode())
    assert shown["lines"] == [{"name": "a", "points": [[0.0, 1.0], [1.0, 1.0]]}]
    bins = {"bin_edges": [0, 2, 4], "bin_counts": [1, 3], "bin_averages": [1, 2]}
    data = json.dumps({"data": bins}).encode()
    assert document_figure("m", "residuals", data)["lines"][0]["points"] == [[1.0, 1], [3.0, 3]]
    assert len(document_figure("m", "predictions", data)["lines"]) == 2
    ragged = b'{"data": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3]]}}'
    deep = b"[" * 100_000
    for broken in (b"", b"no json", b"[]", b'{"data": {"class_labels": 1}}', ragged, deep):
        assert document_figure("m", "confusion_matrix", broken)["form"] == "value"


def test_numbers_beyond_every_float_are_not_drawn():
    bins = {"bin_edges": [0, 2, 4], "bin_counts": [1, 10**400]}
    shown = document_figure("m", "residuals", json.dumps({"data": bins}).encode())
    assert shown["lines"][0]["points"] == [[1.0, 1]]


def test_long_curves_are_thinned_and_keep_their_course():
    [line] = drawn("list", [list(range(100_000))])["lines"]
    assert 1000 <= len(line["points"]) <= 2000
    assert all(x == y for x, y in line["points"])


def test_parameters_are_the_arguments_that_have_values():
    words = ["--rate", "0.1", "--fast", "--depth=3", "--name", "x", "loose", "--big", "1e300"]
    found = parameters(run_out(spec=RunSpec(kind="script", arguments=words)))
    assert found == {"rate": 0.1, "depth": 3, "name": "x", "big": str(int(1e300))}
    assert plain({"a": (1, float("nan"))}) == {"a": [1, "NaN"]}


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("\x1b[31mred\x1b[0m\n", "red\n"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("half\r", "half"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("a\x08\x00\u202eb", "ab"),
        ("\x1b[2J\x1b", ""),
    ],
)
def test_a40_logs_lose_what_terminals_obey(written, seen):
    assert cleaned(written) == seen


class GrowingLogs:
    def __init__(self):
        self.files = {"azureml-logs/20_image_build_log.txt": b"built\n"}
        self.reads = []

    def list(self, _run_id):
        return [LogOut(path=path, size=len(data)) for path, data in self.files.items()]

    def read(self, _run_id, path, *, offset=0):
        self.reads.append((path, offset))
        return LogPart(self.files[path][offset:], "Running", len(self.files[path]))


def test_only_what_is_new_of_a_log_is_read_and_its_end_is_kept():
    logs = GrowingLogs()
    tails = LogTails(logs, "r1")
    tails.look()
    logs.files["user_logs/std_log.txt"] = b"one\n"
    assert list(tails.look()) == ["user_logs/std_log.txt", "azureml-logs/20_image_build_log.txt"]
    logs.files["user_logs/std_log.txt"] += "zwei ü\n".encode()
    assert tails.look()["user_logs/std_log.txt"] == "one\nzwei ü\n"
    assert logs.reads[1:] == [("user_logs/std_log.txt", 0), ("user_logs/std_log.txt", 4)]
    logs.files["user_logs/std_log.txt"] += b"line of the log\n" * 100_000
    end = tails.look()["user_logs/std_log.txt"]
    assert end.startswith("…\nline of the log\n")
    assert len(end) < 50_000


def test_a_long_log_without_lines_shows_how_far_it_is():
    logs = GrowingLogs()
    logs.files = {"user_logs/std_log.txt": b"".join(b"\r%d%%" % done for done in range(100_000))}
    assert LogTails(logs, "r1").look()["user_logs/std_log.txt"] == "…\n99999%"


class ManyPictures:
    """A run that logs a picture each time somebody looks."""

    def __init__(self):
        self.count = 0
        self.metrics = self.artifacts = self

    def summaries(self, _run_id):
        self.count += 1
        return [at_a_glance("plot", "image", count=self.count)]

    def entries(self, _run_id, *, name):
        return [
            EntryOut(position=n, name=name, kind="image", value=f"{n}.png", step=None, time=1.0)
            for n in range(self.count)
        ]

    def list(self, *_run_id, **asked):
        path = asked.get("prefix")
        return [ArtifactOut(path=path, digest="", size=3, created_at=1.0)] if path else []

    def download(self, _run_id, _path, target):
        target.write_bytes(b"png")

    @property
    def logs(self):
        return self

    @property
    def runs(self):
        return self


def test_pictures_that_are_shown_no_more_are_forgotten():
    sight = RunSight(ManyPictures(), "r1", page="")
    for _ in range(50):
        seen = sight.look(run_out())
    assert sorted(seen.images) == sorted(seen.figures[0]["paths"])
    assert len(seen.images) == 12


class Stubborn:
    """A run that nobody may cancel, and that is out of reach once somebody asked."""

    run_id = "r1"

    def __init__(self):
        self.workspace = self.runs = self
        self.asked = Event()
        self.told = []

    def cancel(self, _run_id):
        raise ForbiddenError("Forbidden", "you may not", status=403)

    def wait(self, _run_id, **_asked):
        if self.asked.is_set():
            raise ServerUnreachableError("nobody there")
        return run_out(state="Running", ended_at=None)

    def look(self, run):
        return RunView(head(run, ""))

    def tell(self, seen):
        self.told.append(seen.run["notice"])
        self.asked.set()


def test_a_watch_says_what_was_refused_and_what_is_out_of_reach():
    run = Stubborn()
    watch = Watch(run, run.look(run.wait("r1")), tell=run.tell)
    watch.cancel()
    watch.start()
    until(lambda: len(run.told) == 2)
    watch.stop()
    assert watch.join(10)
    assert run.told[0] == "The run was not cancelled: Forbidden: you may not"
    assert run.told[1].endswith("could not be read: nobody there")


def view(**more):
    error = RunError(code="UserError", message=HOSTILE)
    child = {
        "id": "c",
        "name": HOSTILE,
        "number": 2,
        "state": "Completed",
        "started_at": 1.0,
        "ended_at": 2.0,
        "parameters": {HOSTILE: HOSTILE},
        "metrics": {HOSTILE: 1.0},
    }
    run = run_out(display_name=HOSTILE, tags={HOSTILE: HOSTILE}, error=error, **more)
    figures = [
        {"name": HOSTILE, "form": "value", "value": HOSTILE, "count": 1},
        drawn("row", [{HOSTILE: HOSTILE}]),
        drawn("scalar", [1.0, 2.0]),
        {"name": HOSTILE, "form": "matrix", "labels": [HOSTILE], "rows": [[1]]},
        {"name": HOSTILE, "form": "images", "paths": [HOSTILE, f"absent {HOSTILE}"]},
        lines(HOSTILE, [(HOSTILE, [(1, 2)]), (HOSTILE, [(1, 3)])], x=HOSTILE),
    ]
    images = {HOSTILE: "data:image/png;base64,AA=="}
    return RunView(head(run, "http://localhost/"), figures, images, {HOSTILE: HOSTILE}, [child])


def test_a40_html_of_saved_notebooks_is_escaped():
    page = as_html(view())
    assert "<script" not in page
    assert page.count("&lt;script") > 10
    assert "<div>absent &lt;script" in page
    assert '<polyline fill="none"' in page


def test_text_of_a_run_stays_on_its_lines():
    shown = as_text(RunView(head(run_out(display_name="a\x1b[2J\nb"), "http://localhost/")))
    assert "\x1b" not in shown
    assert "Duration                 0:01:03" in shown
    assert as_text(view()).count("\n") < 30


def test_widget_data_has_the_keys_of_v1():
    data = widget_data(view(), {"debug": True})
    assert {"status", "run_id", "run_properties", "child_runs", "run_metrics"} <= set(data)
    assert data["child_runs"][0]["duration"] == "0:00:01"
    assert data["run_metrics"][2]["series"] == [{"name": "m", "data": [1.0, 2.0]}]
    assert data["widget_settings"] == {"debug": True}
    json.dumps(data, allow_nan=False)


def test_runs_that_no_server_knows_are_shown_too(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("ZAFFRE_HOME", str(tmp_path))
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    run = Run.get_context()
    run.log("loss", 0.5)
    RunDetails(run).show()
    assert "loss                     0.5" in capsys.readouterr().out
    with pytest.raises(UserErrorException, match="must be a run"):
        RunDetails("run").show()
