"""Reading stores of MLflow."""

import math
import os

import pytest
from stores_of_mlflow import CHILD, FIRST, GONE, STARTED, make_database, make_file_store, write
from zaffre.importing.entities import Point
from zaffre.importing.errors import BrokenThingError, ImportingError, OutOfReachError
from zaffre.importing.importer import _levels
from zaffre.importing.opening import open_source
from zaffre.importing.places import LocalPlaces
from zaffre.importing.report import Report
from zaffre.importing.sources.origins import in_logged_model, in_run
from zaffre.importing.traces import otlp_span


@pytest.fixture
def report():
    return Report(print)


@pytest.fixture
def files(tmp_path, report):
    return open_source(str(make_file_store(tmp_path / "mlruns")), report)


def make_link(target):
    return lambda path: path.symlink_to(target)


def runs_of(source):
    found = [ref for one in source.experiments() for ref in source.runs(one)]
    return {ref.id: source.run(ref) for ref in found}


def test_file_store_has_experiments_and_runs(files):
    one, gone = files.experiments()
    assert (one.name, one.tags, one.is_deleted) == ("one/first", {"team": "blue"}, False)
    assert (gone.name, gone.is_deleted) == ("gone", True)
    runs = runs_of(files)
    first = runs[FIRST]
    assert first.params == {"lr": "0.1"}
    assert first.tags["kind"] == "good"
    assert first.tags["mlflow.user"] == "ada"
    assert (first.status, first.ended_at) == ("FINISHED", STARTED + 5000)
    assert runs[CHILD].ref.parent_id == FIRST
    assert (runs[GONE].status, runs[GONE].is_deleted) == ("KILLED", True)
    assert [(read.name, read.digest, read.tags) for read in first.datasets] == [
        ("abc", "12", {"a": "b"})
    ]


def test_file_store_has_whole_histories(files):
    odd, loss, nan = files.points(runs_of(files)[FIRST])
    assert odd == Point("odd", -math.inf, STARTED, -3)
    assert loss == Point("val/loss", 0.5, STARTED, 0)
    assert math.isnan(nan.value)


def test_file_store_was_moved_and_still_knows_the_files_of_versions(files):
    (model,) = files.registered_models()
    assert [version.version for version in model.versions] == [1, 3]
    assert model.aliases == {"champion": 3}
    found = {file.path for file in files.version_files(model.versions[0])}
    assert found == {"MLmodel", "weights.bin"}


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", "run_id: [", "status: 9", "start_time: soon", "a: &a [*a]\nstatus: 77"]
)
def test_broken_runs_are_named_and_the_others_come(files, report, tmp_path, text):
    write(tmp_path / "mlruns" / "1" / "broken" / "meta.yaml", text)
    refs = list(files.runs(files.experiments()[0]))
    for ref in refs:
        with report.about(ref.id):
            files.run(ref)
    assert {FIRST, CHILD} <= {ref.id for ref in refs}
    assert ["broken" in name for name, _ in report.problems] == [True]


def test_a_parent_that_is_no_text_is_named(files, report, tmp_path):
    tag = tmp_path / "mlruns" / "1" / CHILD / "tags" / "mlflow.parentRunId"
    tag.write_bytes(b"\xff")
    assert CHILD not in runs_of(files)
    assert [name for name, _ in report.problems] == [f"run {CHILD}"]


@pytest.mark.parametrize("line", ["x", f"{2**63} 1 1", f"1 1 {-(2**70)}"])
def test_lines_that_are_no_metric_are_refused_by_place(files, tmp_path, line):
    write(tmp_path / "mlruns" / "1" / FIRST / "metrics" / "bad", f"1 2\n{line}\n")
    with pytest.raises(BrokenThingError, match="bad, line 2 is none of a metric"):
        list(files.points(runs_of(files)[FIRST]))


def test_links_that_lead_out_are_not_followed(files, tmp_path):
    write(tmp_path / "secret", "s")
    (tmp_path / "mlruns" / "1" / FIRST / "artifacts" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(BrokenThingError, match="leads out"):
        list(files.run_files(runs_of(files)[FIRST]))


@pytest.mark.parametrize("make", [make_link("model"), make_link("absent"), os.mkfifo])
def test_what_is_no_file_is_named_and_the_files_come(files, tmp_path, make):
    make(tmp_path / "mlruns" / "1" / FIRST / "artifacts" / "odd")
    found = files.run_files(runs_of(files)[FIRST])
    assert [next(found).path for _ in range(2)] == ["model/MLmodel", "model/weights.bin"]
    with pytest.raises(BrokenThingError, match="artifacts/odd"):
        next(found)


def test_database_of_an_older_version_is_read(tmp_path, report):
    source = open_source(make_database(tmp_path / "m.db", tmp_path / "art"), report)
    run = runs_of(source)[FIRST]
    assert (run.params, run.tags) == ({"lr": "0.1"}, {"mlflow.user": "ada"})
    loss, nan = source.points(run)
    assert loss == Point("loss", 0.5, STARTED, 0)
    assert math.isnan(nan.value)
    assert [file.path for file in source.run_files(run)] == ["model/weights.bin"]
    (model,) = source.registered_models()
    assert [file.path for file in source.version_files(model.versions[0])] == ["weights.bin"]
    assert list(source.traces(source.experiments()[0])) == []
    source.close()


@pytest.mark.parametrize(
    "place",
    [
        "none",
        "sqlite:///none.db",
        "nosuch://x",
        "sqlite:///a.txt",
        "postgresql://h:port/x",
        "http://[",
        "file://[",
    ],
)
def test_places_without_a_store_say_so(tmp_path, monkeypatch, report, place):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.txt", "no database")
    with pytest.raises(ImportingError):
        open_source(place, report)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_files_are_read_below_named_roots_only(tmp_path):
    write(tmp_path / "inside" / "in", "1")
    write(tmp_path / "out", "2")
    places = LocalPlaces([f"file://{tmp_path / 'inside'}"])
    assert [file.path for file in places.files(str(tmp_path / "inside"))] == ["in"]
    outside = (str(tmp_path / "out"), f"{tmp_path}/inside/../out")
    for place in (*outside, "s3://bucket/x", "s3://[", f"{tmp_path}/inside/\0", "file:///%00"):
        with pytest.raises(OutOfReachError):
            list(places.files(place))
    assert list(places.files(f"{tmp_path}/inside/none", may_lack=True)) == []


def test_sources_of_versions_are_understood():
    assert in_run(f"runs:/{FIRST}/a/b") == (FIRST, "a/b")
    assert in_run(f"mlflow-artifacts:/1/{FIRST}/artifacts/m") == (FIRST, "m")
    assert in_logged_model(f"models:/m-{FIRST}") == (f"m-{FIRST}", "")
    assert in_run(f"file:///x/models/m-{FIRST}/artifacts") is None


def test_parents_come_before_their_children(files):
    refs = [run.ref for run in runs_of(files).values()]
    order = [[ref.id for ref in level] for level in _levels(refs)]
    assert CHILD in order[1]
    assert FIRST in order[0]


def test_spans_of_databases_become_those_of_otlp():
    span = {
        "trace_id": "uwcD+6l4blJR29vFhdq47g==",
        "span_id": "npsOA6IQX5A=",
        "parent_span_id": None,
        "name": "inner",
        "start_time_unix_nano": 1,
        "status": {"code": "STATUS_CODE_ERROR"},
        "attributes": {"mlflow.spanInputs": '{"x": [1, 2.5, true, null]}'},
    }
    sent = otlp_span(span)
    assert sent["traceId"] == "bb0703fba9786e5251dbdbc585dab8ee"
    assert sent["status"]["code"] == 2
    inputs = sent["attributes"][0]["value"]["kvlistValue"]["values"][0]["value"]
    assert inputs["arrayValue"]["values"][0] == {"intValue": 1}
    with pytest.raises(BrokenThingError):
        otlp_span({"trace_id": "?"})
