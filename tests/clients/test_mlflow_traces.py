"""The genuine MLflow client traces against a real server."""

import time

import pytest
from live import LiveServer

mlflow = pytest.importorskip("mlflow")
# Warnings of other people's packages say nothing about ours.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("tracking")]


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    server = LiveServer(tmp_path_factory.mktemp("traces") / "home")
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", (server.home / "token").read_text().strip())
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        patch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
        mlflow.set_tracking_uri(server.url)
        yield server
        mlflow.set_tracking_uri(None)
    server.stop()


@pytest.fixture
def experiment(request):
    name = request.node.name.split("[")[0]
    return mlflow.set_experiment(name).experiment_id


def answer(question: str) -> str:
    with mlflow.start_span("answer", span_type="CHAIN") as outer:
        outer.set_inputs({"question": question})
        with mlflow.start_span("look", span_type="TOOL") as inner:
            inner.set_inputs({"deep": {"a": [1, 2.5, None, True, "ü"]}})
            inner.set_attribute("model", "gpt")
        outer.set_outputs(question.upper())
        mlflow.update_current_trace(tags={"color": "red"}, client_request_id="c-1")
    return mlflow.get_last_active_trace_id()


def search(experiment: str, filter_string: str = "", **more) -> list:
    return mlflow.search_traces(
        locations=[experiment], filter_string=filter_string, return_type="list", **more
    )


def test_a_trace_comes_back_with_its_spans(experiment):
    trace = mlflow.get_trace(answer("why"))

    assert trace.info.experiment_id == experiment
    assert trace.info.client_request_id == "c-1"
    assert trace.info.tags["color"] == "red"
    assert '"why"' in trace.info.request_preview
    outer, inner = trace.data.spans
    assert (outer.name, outer.span_type, outer.outputs) == ("answer", "CHAIN", "WHY")
    assert inner.parent_id == outer.span_id
    assert inner.inputs == {"deep": {"a": [1, 2.5, None, True, "ü"]}}


def test_a_failure_is_seen(experiment):
    @mlflow.trace
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    (trace,) = search(experiment, "trace.status = 'ERROR'")
    assert trace.data.spans[0].status.description == "ValueError: no"


def test_traces_are_searched_and_paged(experiment):
    ids = [answer(f"question {number}") for number in range(5)]

    assert [t.info.trace_id for t in search(experiment, order_by=["timestamp ASC"])] == ids
    assert len(search(experiment, "span.name = 'look' AND span.attributes.model = 'gpt'")) == 5
    assert len(search(experiment, "trace.text LIKE '%question 3%'")) == 1
    client = mlflow.MlflowClient()
    first = client.search_traces(locations=[experiment], max_results=3)
    rest = client.search_traces(locations=[experiment], max_results=3, page_token=first.token)
    assert [t.info.trace_id for t in [*first, *rest]] == ids[::-1]


def test_a_run_has_its_traces(experiment):
    outside = answer("before")
    with mlflow.start_run() as run:
        inside = answer("within")

    assert [t.info.trace_id for t in search(experiment, run_id=run.info.run_id)] == [inside]
    mlflow.MlflowClient().link_traces_to_run([outside], run.info.run_id)
    assert len(search(experiment, run_id=run.info.run_id)) == 2


def test_people_say_what_they_think(experiment):
    trace_id = answer("why")
    person = mlflow.entities.AssessmentSource("HUMAN", "me")
    said = mlflow.log_feedback(trace_id=trace_id, name="good", value=0.8, source=person)
    mlflow.log_expectation(trace_id=trace_id, name="want", value={"a": [1]})
    better = mlflow.override_feedback(
        trace_id=trace_id, assessment_id=said.assessment_id, value=0.1
    )

    found = {a.assessment_id: a for a in mlflow.get_trace(trace_id).info.assessments}
    assert found[said.assessment_id].valid is False
    assert found[better.assessment_id].value == 0.1
    assert len(search(experiment, "feedback.good < 0.5")) == 1
    assert search(experiment, "feedback.good > 0.5") == []
    mlflow.update_assessment(
        trace_id, better.assessment_id, mlflow.entities.Feedback(name="good", value="fine")
    )
    assert mlflow.get_assessment(trace_id, better.assessment_id).value == "fine"
    mlflow.delete_assessment(trace_id, better.assessment_id)
    assert mlflow.get_assessment(trace_id, said.assessment_id).valid is True


def test_tags_and_deletion(experiment):
    ids = [answer(str(number)) for number in range(3)]
    client = mlflow.MlflowClient()
    mlflow.set_trace_tag(ids[0], "a", "b")
    assert mlflow.get_trace(ids[0]).info.tags["a"] == "b"
    mlflow.delete_trace_tag(ids[0], "a")
    assert "a" not in mlflow.get_trace(ids[0]).info.tags

    assert client.delete_traces(experiment, trace_ids=[ids[0]]) == 1
    until = int(time.time() * 1000)
    assert client.delete_traces(experiment, max_timestamp_millis=until, max_traces=1) == 1
    assert [trace.info.trace_id for trace in search(experiment)] == [ids[2]]
    assert mlflow.get_trace(ids[0]) is None


def test_programs_that_name_no_experiment_trace_into_the_default_one():
    mlflow.set_experiment(experiment_id="0")
    assert mlflow.get_trace(answer("where")).info.experiment_id == "0"
