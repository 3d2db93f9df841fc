"""Spans as OpenTelemetry's exporters send them."""

import base64
import gzip
import json
import tracemalloc
import zlib

import pytest
from tracing import (
    PROTOBUF,
    START_NS,
    TracingDoor,
    any_value,
    attributes,
    fixed64,
    info,
    message,
    open_tracing,
    request,
    span,
    trace_id,
    varint,
)
from zaffre.domain.errors import ZaffreError
from zaffre.protocols.mlflow import otlp, otlp_json, otlp_messages

V3 = "/api/3.0/mlflow/traces"
JSON = (b"content-type", b"application/json; charset=utf-8")
BAD = (400, "INVALID_PARAMETER_VALUE")


@pytest.fixture
def door(tmp_path):
    with open_tracing(tmp_path) as door:
        yield door


def send(door: TracingDoor, body: bytes, *more, kind=PROTOBUF, experiment=b"0"):
    headers = (kind, (b"x-mlflow-experiment-id", experiment), *more)
    return door.ask("POST", "/v1/traces", body, headers=headers)


def refusal(door: TracingDoor, body: bytes, *more, **said) -> tuple[int, str]:
    reply = send(door, body, *more, **said)
    return reply.status, reply.json["error_code"]


def read(door: TracingDoor, trace: int = 1):
    return door.done("GET", f"{V3}/get?trace_id={trace_id(trace)}&allow_partial=1")["trace"]


def values(found: list) -> dict:
    """Return attributes as they were before they were written."""
    return {each["key"]: value(each["value"]) for each in found}


def value(given: dict):
    match given:
        case {"array_value": {"values": inner}}:
            return [value(each) for each in inner]
        case {"kvlist_value": {"values": inner}}:
            return values(inner)
    return next(iter(given.values()), None)


class TestProtobuf:
    def test_comes_back_as_it_was_sent(self, door):
        event = message(
            11, fixed64(1, START_NS + 7) + message(2, "boom") + attributes(3, {"n": 1})
        )
        link = message(
            13,
            message(1, (7).to_bytes(16, "big"))
            + message(2, (8).to_bytes(8, "big"))
            + attributes(4, {"why": "x"}),
        )
        said = {
            "text": "ü\0\n",
            "number": -5,
            "large": 2**63 - 1,
            "real": 2.5,
            "yes": True,
            "nothing": None,
            "bytes": b"\x00\xff",
            "list": [1, "a", [2.0]],
            "map": {"a": {"b": [None, False]}},
        }
        reply = send(door, request(span(said=said, status=2, more=event + link)))
        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["content-type"] == "application/x-protobuf"

        (back,) = read(door)["spans"]
        assert values(back["attributes"]) == {**said, "bytes": "AP8="}
        assert base64.b64decode(back["trace_id"]).hex() == trace_id(1).removeprefix("tr-")
        assert back["start_time_unix_nano"] == START_NS + 1
        assert back["end_time_unix_nano"] == START_NS + 250_000_000
        assert back["status"] == {"code": "STATUS_CODE_ERROR", "message": "why"}
        assert "parent_span_id" not in back
        (happened,) = back["events"]
        assert (happened["name"], happened["time_unix_nano"]) == ("boom", START_NS + 7)
        assert values(happened["attributes"]) == {"n": 1}
        assert values(back["links"][0]["attributes"]) == {"why": "x"}

    def test_numbers_that_json_lacks_become_words(self, door):
        send(door, request(span(said={"a": float("nan"), "b": [float("inf")]})))
        assert values(read(door)["spans"][0]["attributes"]) == {"a": "nan", "b": ["inf"]}

    def test_begins_a_trace_that_is_not_known(self, door):
        said = {
            "mlflow.spanInputs": {"q": "ä" * 2000},
            "mlflow.spanOutputs": "done",
            "mlflow.traceTag.color": "red",
            "mlflow.traceTag.mlflow.artifactLocation": "s3://elsewhere",
            "session.id": "s-1",
            "user.id": "me",
        }
        resource = {"service.name": "shop", "telemetry.sdk.name": "otel", "mlflow.x": "y", "n": 3}
        send(door, request(span(said=said), span(2, 1, parent=5), resource=resource))

        told = read(door)["trace_info"]
        assert told["state"] == "OK"
        assert told["execution_duration"] == "0.250s"
        assert len(told["request_preview"]) == 1000
        assert told["response_preview"] == '"done"'
        assert told["trace_metadata"] == {
            "mlflow.trace.session": "s-1",
            "mlflow.trace.user": "me",
        }
        assert told["tags"] == {
            "mlflow.traceName": "root",
            "service.name": "shop",
            "n": "3",
            "color": "red",
            "mlflow.artifactLocation": f"mlflow-artifacts:/traces/{trace_id(1)}",
            "mlflow.trace.spansLocation": "TRACKING_STORE",
        }
        assert read(door, 2)["trace_info"]["state"] == "IN_PROGRESS"
        said = {each["key"]: each["value"] for each in read(door)["spans"][0]["attributes"]}
        assert said["service.name"] == {"string_value": "shop"}

    def test_says_of_the_trace_only_what_can_be_told_of_it(self, door):
        send(door, request(span(said={"session.id": "a\0b"})))
        told = door.done("POST", V3, info(trace_id(1)))["trace"]["trace_info"]
        assert told["trace_metadata"]["mlflow.trace.session"] == "ab"

    def test_adds_to_what_is_told_in_either_order(self, door):
        send(door, request(span(1, 2, parent=1, name="part")))
        assert read(door)["trace_info"]["state"] == "IN_PROGRESS"
        door.done("POST", V3, info(trace_id(1)))
        send(door, request(span()))

        whole = read(door)
        assert [each["name"] for each in whole["spans"]] == ["root", "part"]
        assert whole["trace_info"]["execution_duration"] == "1.250s"
        assert whole["trace_info"]["tags"]["mlflow.traceName"] == "answer"

    def test_sent_again_replaces(self, door):
        for name in ("before", "after"):
            send(door, request(span(name=name)))
        assert [each["name"] for each in read(door)["spans"]] == ["after"]

    def test_links_its_traces_to_a_run(self, door):
        run_id = door.run("exp")
        assert send(door, request(span()), (b"x-mlflow-run-id", run_id.encode())).status == 200

        place = {"mlflow_experiment": {"experiment_id": "0"}}
        asked = {"locations": [place], "filter": f"run_id = '{run_id}'"}
        assert len(door.done("POST", f"{V3}/search", asked)["traces"]) == 1

    def test_all_spans_are_kept_or_none(self, door):
        wrong = (b"x-mlflow-run-id", b"r-0")
        assert refusal(door, request(span()), wrong) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert door.ask("GET", f"{V3}/{trace_id(1)}").status == 404

    def test_nothing_is_fine(self, door):
        assert send(door, b"").status == 200

    def test_unknown_fields_are_passed_over(self, door):
        extra = message(99, "x") + varint(98 << 3) + varint(5) + varint(97 << 3 | 5) + b"abcd"
        assert send(door, request(span(more=extra)) + extra).status == 200
        assert len(read(door)["spans"]) == 1


class TestCompression:
    @pytest.mark.parametrize(
        ("encoding", "compress"),
        [
            (b"gzip", gzip.compress),
            (b"deflate", zlib.compress),
            (b"deflate", lambda raw: zlib.compress(raw)[2:-4]),
            (b"identity", bytes),
            (b"gzip", lambda raw: gzip.compress(raw[:9]) + gzip.compress(raw[9:])),
        ],
    )
    def test_is_undone(self, door, encoding, compress):
        body = compress(request(span()))
        assert send(door, body, (b"content-encoding", encoding)).status == 200
        assert len(read(door)["spans"]) == 1

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            (b"gzip", b"no"),
            (b"gzip", gzip.compress(b"x" * 100, mtime=0)[:-9]),
            (b"deflate", b"no"),
            (b"br", b"x"),
        ],
    )
    def test_that_is_broken_is_refused(self, door, encoding, body):
        assert refusal(door, body, (b"content-encoding", encoding)) == BAD

    def test_of_very_many_members_is_refused(self, door):
        body = gzip.compress(b"") * 1000
        assert refusal(door, body, (b"content-encoding", b"gzip")) == BAD

    def test_a_bomb_is_refused_in_bounded_memory(self, door, monkeypatch):
        monkeypatch.setattr(otlp, "MAX_BYTES", 1 << 20)
        bomb = gzip.compress(b"\0" * (64 << 20))
        tracemalloc.start()
        try:
            status, _ = refusal(door, bomb, (b"content-encoding", b"gzip"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert status == 413
        assert peak < 16 << 20


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "body",
        [
            b"\xff" * 20,
            b"not protobuf",
            request(span())[:-3],
            message(1, message(2, varint(2 << 3) + varint(1))),
            varint(1 << 3 | 3),
            varint(1 << 3 | 2) + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            request(span(trace=0)),
            request(span(number=0)),
            request(message(1, b"x" * 17) + message(2, b"y")),
            request(span(more=fixed64(8, 2**64 - 1))),
            request(message(1, "") + fixed64(1, 3)),
        ],
    )
    def test_bodies_that_are_broken(self, door, body):
        assert refusal(door, body) == BAD

    def test_attributes_that_are_nested_too_deeply(self, door):
        deep: bytes = any_value("x")
        for _ in range(300):
            deep = message(5, message(1, deep))
        more = message(9, message(1, "a") + message(2, deep))
        assert refusal(door, request(span(more=more))) == BAD

    def test_more_fields_than_memory_can_hold(self, monkeypatch):
        monkeypatch.setattr(otlp_messages, "MAX_FIELDS", 1000)
        with pytest.raises(ZaffreError) as caught:
            list(otlp_messages.spans_of(message(1, message(2, message(2, "") * 2000))))
        assert caught.value.code == "TooManyFields"

    @pytest.mark.parametrize("kind", [b"text/plain", b"application/x-www-form-urlencoded", b""])
    def test_other_content(self, door, kind):
        assert refusal(door, request(span()), kind=(b"content-type", kind)) == BAD

    def test_without_an_experiment(self, door):
        reply = door.ask("POST", "/v1/traces", request(span()), headers=(PROTOBUF,))
        assert reply.status == 400
        assert "x-mlflow-experiment-id" in reply.json["message"]

    def test_an_experiment_that_is_not_there(self, door):
        assert refusal(door, request(span()), experiment=b"x")[0] == 404

    def test_a_body_that_is_too_large(self, door, monkeypatch):
        monkeypatch.setattr(otlp, "MAX_BYTES", 100)
        assert refusal(door, request(span(said={"a": "x" * 200})))[0] == 413


class TestJson:
    def body(self, **fields):
        one = {
            "traceId": f"{1:032x}",
            "spanId": f"{1:016x}",
            "name": "root",
            "kind": "SPAN_KIND_INTERNAL",
            "startTimeUnixNano": str(START_NS),
            "endTimeUnixNano": START_NS + 5,
            "attributes": [
                {"key": "n", "value": {"intValue": "5"}},
                {"key": "l", "value": {"arrayValue": {"values": [{"stringValue": "a"}]}}},
                {"key": "m", "value": {"kvlistValue": {"values": [{"key": "x"}]}}},
            ],
            "status": {"code": 2},
            **fields,
        }
        return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()

    def test_is_kept(self, door):
        reply = send(door, self.body(), kind=JSON)
        assert (reply.status, reply.body) == (200, b"{}")

        (back,) = read(door)["spans"]
        assert values(back["attributes"]) == {"n": 5, "l": ["a"], "m": {"x": None}}
        assert back["status"]["code"] == "STATUS_CODE_ERROR"

    @pytest.mark.parametrize(
        "fields",
        [
            {"traceId": "xyz"},
            {"spanId": ""},
            {"startTimeUnixNano": "soon"},
            {"attributes": {}},
            {"name": 5},
            {"startTimeUnixNano": -1},
        ],
    )
    def test_that_is_wrong_is_refused(self, door, fields):
        assert refusal(door, self.body(**fields), kind=JSON) == BAD

    def test_of_more_objects_than_memory_can_hold_is_refused(self, door, monkeypatch):
        monkeypatch.setattr(otlp_json, "MAX_FIELDS", 1000)
        body = json.dumps({"resourceSpans": [{}] * 1000}).encode()
        assert refusal(door, body, kind=JSON) == BAD

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"resourceSpans": "x"}', b"\xff"])
    def test_that_is_broken_is_refused(self, door, body):
        assert refusal(door, body, kind=JSON) == BAD

    def test_half_characters_are_refused_or_replaced(self, door):
        body = self.body().replace(b'"root"', b'"\\ud800"')
        assert send(door, body, kind=JSON).status in {200, 400}
