"""Searches of traces at the door of MLflow programs."""

import pytest
from tracing import TRACES, fill, found, open_tracing, search, send, span, tell

BAD = (400, "INVALID_PARAMETER_VALUE")


@pytest.fixture
def door(tmp_path):
    with open_tracing(tmp_path) as door:
        yield door


class TestSearch:
    @pytest.mark.parametrize(
        ("filter_", "expected"),
        [
            ("", "ba"),
            ("status = 'OK'", "a"),
            ("trace.status != 'OK'", "b"),
            ("attributes.status IN ('OK', 'ERROR')", "ba"),
            ("name = 'second'", "b"),
            ("name LIKE 'fir%'", "a"),
            ("name LIKE 'FIR%'", ""),
            ("name ILIKE 'FIR%'", "a"),
            ("tags.color = 'red'", "a"),
            ("tag.color != 'red'", "b"),
            ("tags.shape IS NULL", "a"),
            ("tags.`shape` IS NOT NULL", "b"),
            ("metadata.`mlflow.user` = 'me'", "ba"),
            ("request_metadata.`mlflow.user` = 'you'", ""),
            ("timestamp > 1700000000000", "b"),
            ("timestamp_ms <= 1700000000000 and execution_time >= 1250", "a"),
            ("end_time < 1700000001251", "a"),
            ("request_id = 'tr-a'", "a"),
            ("client_request_id = 'c-b'", "b"),
            ("feedback.good = 'yes'", "a"),
            ("feedback.score >= 0.5", "a"),
            ("feedback.score < 0.5", "b"),
            ("expectation.want IS NOT NULL", "b"),
            ("expectation.want IS NULL", "a"),
            ("issue.id = 'i-1'", "b"),
            ("run_id = 'r-1'", "a"),
            ("metadata.`mlflow.sourceRun` != 'r-1'", ""),
        ],
    )
    def test_finds_what_meets_the_filter(self, door, filter_, expected):
        fill(door)
        assert found(door, filter_) == [f"tr-{each}" for each in expected]

    @pytest.mark.parametrize(
        ("filter_", "number"),
        [
            ("span.name = 'part'", 1),
            ("span.name = 'part' and span.status = 'ERROR'", 0),
            ("span.type IN ('TOOL')", 1),
            ("span.status = 'ERROR'", 1),
            ("span.attributes.model LIKE '%gpt%'", 1),
            ("span.attributes.`odd.key` = 'ü'", 1),
            ("span.content LIKE '%ü%'", 1),
            ("trace.text ILIKE '%GPT%'", 1),
            ("trace.text LIKE '%nothing%'", 0),
        ],
    )
    def test_looks_into_spans(self, door, filter_, number):
        send(
            door,
            span(status=2, said={"model": "gpt-9", "odd.key": "ü"}),
            span(1, 2, parent=1, name="part", said={"mlflow.spanType": "TOOL"}),
        )
        assert len(found(door, filter_)) == number

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("timestamp ASC", "ab"),
            ("timestamp_ms DESC", "ba"),
            ("execution_time", "ab"),
            ("name DESC", "ba"),
            ("tags.shape", "ba"),
            ("tags.shape DESC", "ba"),
            ("request_id", "ab"),
            ("status", "ba"),
        ],
    )
    def test_sorts_and_pages(self, door, order, expected):
        fill(door)
        wanted = [f"tr-{each}" for each in expected]
        assert found(door, order_by=[order]) == wanted

        first = search(door, order_by=[order], max_results=1)
        second = search(door, order_by=[order], max_results=1, page_token=first["next_page_token"])
        assert [t["trace_id"] for t in first["traces"] + second["traces"]] == wanted
        assert "next_page_token" not in second

    def test_pages_do_not_move_when_traces_arrive(self, door):
        fill(door)
        first = search(door, max_results=1)
        tell(door, "tr-c", request_time="2026-01-01T00:00:00Z")

        second = search(door, max_results=1, page_token=first["next_page_token"])
        assert [trace["trace_id"] for trace in second["traces"]] == ["tr-a"]

    @pytest.mark.parametrize(
        "more",
        [
            {"filter": "status"},
            {"filter": "nothing = 'x'"},
            {"filter": "color.red = 'x'"},
            {"filter": "span.size = 'x'"},
            {"filter": "status > 'OK'"},
            {"filter": "timestamp = 'x'"},
            {"filter": "tags.a = 1"},
            {"filter": "name RLIKE '(a+)+$'"},
            {"filter": "prompt = 'p'"},
            {"filter": "prompt = 'p/1/2'"},
            {"filter": "feedback.a > 'x'"},
            {"filter": "tags.a LIKE '" + "%" * 2000 + "'"},
            {"order_by": ["span.name"]},
            {"order_by": ["name", "name"]},
            {"page_token": "forged"},
            {"max_results": 0},
            {"max_results": 501},
        ],
    )
    def test_refuses_what_it_does_not_understand(self, door, more):
        place = {"mlflow_experiment": {"experiment_id": "0"}}
        assert door.refused("POST", f"{TRACES}/search", {"locations": [place], **more}) == BAD
