"""Traces at the door of MLflow programs."""

import pytest
from tracing import fill, found, info, open_tracing, send, span, tell, trace_id

V2 = "/api/2.0/mlflow/traces"
V3 = "/api/3.0/mlflow/traces"
GONE = (404, "RESOURCE_DOES_NOT_EXIST")
BAD = (400, "INVALID_PARAMETER_VALUE")


@pytest.fixture
def door(tmp_path):
    with open_tracing(tmp_path) as door:
        yield door


class TestTelling:
    def test_gives_back_what_was_told(self, door):
        told = tell(door)

        assert told == door.done("GET", f"{V3}/tr-1")["trace"]["trace_info"]
        assert told["request_time"] == "2023-11-14T22:13:20.123Z"
        assert told["execution_duration"] == "1.250s"
        assert told["trace_location"]["mlflow_experiment"] == {"experiment_id": "0"}
        assert told["tags"] == {
            "mlflow.traceName": "answer",
            "color": "red",
            "mlflow.artifactLocation": "mlflow-artifacts:/traces/tr-1",
        }

    def test_replaces_what_was_told_before(self, door):
        tell(door)
        told = tell(door, state="ERROR", tags={"size": "big"}, execution_duration="-0.005s")

        assert told["state"] == "ERROR"
        assert told["execution_duration"] == "-0.005s"
        assert told["tags"]["size"] == "big"
        assert told["tags"]["color"] == "red"
        assert found(door) == ["tr-1"]

    def test_keeps_no_more_metadata_than_a_trace_may_have(self, door):
        tell(door, trace_metadata={f"a{n}": "x" for n in range(200)})
        more = info(trace_metadata={f"b{n}": "x" for n in range(200)})

        assert door.refused("POST", V3, more) == BAD

    def test_keeps_assessments_that_come_with_it(self, door):
        one = {
            "assessment_name": "good",
            "source": {"source_type": "HUMAN", "source_id": "me"},
            "feedback": {"value": True},
        }
        (kept,) = tell(door, assessments=[one])["assessments"]

        assert kept["assessment_id"].startswith("a-")
        assert kept["trace_id"] == "tr-1"
        assert kept["feedback"] == {"value": True}

    def test_is_in_the_experiment_that_was_named(self, door):
        experiment = door.experiment("exp")
        tell(door, experiment=experiment)

        assert found(door) == []
        assert found(door, experiment=experiment) == ["tr-1"]

    def test_is_refused_by_an_archived_experiment(self, door):
        experiment = door.experiment("exp")
        door.archive("exp")

        assert door.refused("POST", V3, info("tr-1", experiment)) == BAD

    @pytest.mark.parametrize(
        "fields",
        [
            {"trace_id": ""},
            {"trace_id": "../x"},
            {"trace_id": "a/b"},
            {"request_time": "yesterday"},
            {"request_time": None},
            {"request_time": "1600-01-01T00:00:00Z"},
            {"execution_duration": "1e999s"},
            {"execution_duration": "long"},
            {"state": "HAPPY"},
            {"state": 17},
            {"trace_location": {}},
            {"tags": {"": "x"}},
            {"tags": {"a\0": "x"}},
            {"tags": "none"},
            {"assessments": [{"assessment_name": "a"}]},
        ],
    )
    def test_names_what_is_wrong(self, door, fields):
        assert door.refused("POST", V3, info(**fields)) == BAD

    def test_of_an_unknown_experiment_is_refused(self, door):
        assert door.refused("POST", V3, info("tr-1", "nowhere")) == GONE


class TestSpans:
    def test_come_with_the_trace(self, door):
        send(door, span(said={"mlflow.spanInputs": {"q": 1}}), span(1, 2, parent=1, name="part"))
        tell(door, trace_id(1))

        whole = door.done("GET", f"{V3}/get?trace_id={trace_id(1)}")["trace"]
        assert [each["name"] for each in whole["spans"]] == ["root", "part"]
        assert whole["trace_info"]["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE"
        both = f"{V3}/batchGet?trace_ids={trace_id(1)}&trace_ids=tr-9"
        assert door.done("GET", both)["traces"] == [whole]

    def test_that_are_missing_make_the_trace_incomplete(self, door, monkeypatch):
        monkeypatch.setattr("zaffre.protocols.mlflow.traces._SPANS_SECONDS", 0.0)
        send(door, span())
        tell(door, trace_id(1), trace_metadata={"mlflow.trace.sizeStats": '{"num_spans": 2}'})
        asked = f"{V3}/get?trace_id={trace_id(1)}"

        assert door.refused("GET", asked) == GONE
        assert len(door.done("GET", f"{asked}&allow_partial=true")["trace"]["spans"]) == 1
        assert door.done("GET", f"{V3}/batchGet?trace_ids={trace_id(1)}") == {"traces": []}

    def test_are_not_promised_by_what_cannot_be_read(self, door):
        send(door, span())
        tell(door, trace_id(1), trace_metadata={"mlflow.trace.sizeStats": "[" * 100_000})

        assert len(door.done("GET", f"{V3}/get?trace_id={trace_id(1)}")["trace"]["spans"]) == 1

    def test_are_read_from_the_experiments_that_are_named(self, door):
        tell(door)
        body = {"trace_ids": ["tr-1"], "experiment_ids": ["0"]}
        elsewhere = {**body, "experiment_ids": ["other"]}

        assert len(door.done("POST", f"{V3}/batchGetInfos", body)["trace_infos"]) == 1
        assert door.done("POST", f"{V3}/batchGetInfos", elsewhere) == {"trace_infos": []}


class TestTags:
    @pytest.mark.parametrize("root", [V2, V3])
    def test_are_set_and_deleted(self, door, root):
        tell(door)
        door.done("PATCH", f"{root}/tr-1/tags", {"key": "a", "value": "b"})
        assert door.done("GET", f"{V3}/tr-1")["trace"]["trace_info"]["tags"]["a"] == "b"

        door.done("DELETE", f"{root}/tr-1/tags", {"key": "a"})
        assert "a" not in door.done("GET", f"{V3}/tr-1")["trace"]["trace_info"]["tags"]
        assert door.refused("DELETE", f"{root}/tr-1/tags", {"key": "a"}) == GONE

    def test_of_the_server_stay(self, door):
        tell(door, tags={"mlflow.artifactLocation": "s3://elsewhere"})
        kept = {"key": "mlflow.trace.spansLocation", "value": "ARTIFACT_REPO"}

        tags = door.done("GET", f"{V3}/tr-1")["trace"]["trace_info"]["tags"]
        assert tags["mlflow.artifactLocation"] == "mlflow-artifacts:/traces/tr-1"
        assert door.refused("PATCH", f"{V2}/tr-1/tags", kept) == BAD


class TestDeletion:
    def test_by_ids(self, door):
        fill(door)
        body = {"experiment_id": "0", "request_ids": ["tr-a", "tr-z"]}

        assert door.done("POST", f"{V2}/delete-traces", body) == {"traces_deleted": 1}
        assert found(door) == ["tr-b"]
        assert door.refused("GET", f"{V3}/tr-a") == GONE

    def test_by_age(self, door):
        fill(door)
        body = {"experiment_id": "0", "max_timestamp_millis": 9_999_999_999_999}

        one = {**body, "max_traces": 1}
        assert door.done("POST", f"{V3}/delete-traces", one) == {"traces_deleted": 1}
        assert found(door) == ["tr-b"]
        assert door.done("POST", f"{V2}/delete-traces", body) == {"traces_deleted": 1}

    @pytest.mark.parametrize(("most", "gone"), [({}, 5), ({"max_traces": 3}, 3)])
    def test_of_many_is_done_in_slices(self, door, monkeypatch, most, gone):
        for module in ("services.traces", "protocols.mlflow.traces"):
            monkeypatch.setattr(f"zaffre.{module}.MAX_REMOVED", 2)
        ids = [tell(door, f"tr-{number}")["trace_id"] for number in range(5)]
        body = {"experiment_id": "0", "max_timestamp_millis": 2**63 - 1, **most}
        assert door.done("POST", f"{V3}/delete-traces", body) == {"traces_deleted": gone}

        left = {"experiment_id": "0", "request_ids": ids}
        assert door.done("POST", f"{V3}/delete-traces", left) == {"traces_deleted": 5 - gone}

    def test_takes_what_belongs_to_the_trace(self, door):
        send(door, span())
        body = {"experiment_id": "0", "request_ids": [trace_id(1)]}
        door.done("POST", f"{V2}/delete-traces", body)
        tell(door, trace_id(1))

        asked = f"{V3}/get?trace_id={trace_id(1)}&allow_partial=1"
        assert door.done("GET", asked)["trace"].get("spans", []) == []

    def test_stays_in_its_experiment(self, door):
        tell(door, experiment=door.experiment("exp"))
        body = {"experiment_id": "0", "request_ids": ["tr-1"]}
        assert door.done("POST", f"{V2}/delete-traces", body) == {"traces_deleted": 0}

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"request_ids": ["a"], "max_timestamp_millis": 1},
            {"request_ids": ["a"], "max_traces": 1},
            {"max_timestamp_millis": 1, "max_traces": 0},
        ],
    )
    def test_says_what_is_missing(self, door, body):
        asked = {"experiment_id": "0", **body}
        assert door.refused("POST", f"{V2}/delete-traces", asked) == BAD


class TestLinks:
    def test_to_a_run_are_searched_as_its_own(self, door):
        run_id = door.run("exp")
        tell(door)
        body = {"trace_ids": ["tr-1", "tr-gone"], "run_id": run_id}
        for _ in range(2):
            door.done("POST", f"{V2}/link-to-run", body)

        assert found(door, f"run_id = '{run_id}'") == ["tr-1"]
        assert door.refused("POST", f"{V2}/link-to-run", {**body, "run_id": "r-0"}) == GONE
        many = {**body, "trace_ids": ["tr-1"] * 101}
        assert door.refused("POST", f"{V2}/link-to-run", many) == BAD

    def test_to_a_run_wait_for_traces_that_are_on_their_way(self, door):
        run_id = door.run("exp")
        door.done("POST", f"{V2}/link-to-run", {"trace_ids": ["tr-1"], "run_id": run_id})
        assert found(door, f"run_id = '{run_id}'") == []
        tell(door)
        assert found(door, f"run_id = '{run_id}'") == ["tr-1"]

    def test_to_prompts_are_searched(self, door):
        tell(door)
        body = {"trace_id": "tr-1", "prompt_versions": [{"name": "p", "version": "1"}]}
        door.done("POST", f"{V2}/link-prompts", body)

        assert found(door, "prompt = 'p/1'") == ["tr-1"]
        assert found(door, "prompt = 'p/2'") == []


class TestAssessments:
    URL = f"{V3}/tr-1/assessments"

    def add(self, door, **fields):
        body = {
            "assessment_name": "good",
            "source": {"source_type": "HUMAN", "source_id": "me"},
            "feedback": {"value": 0.5},
            **fields,
        }
        return door.done("POST", self.URL, {"assessment": body})["assessment"]

    def test_are_added_read_and_deleted(self, door):
        tell(door)
        added = self.add(door, rationale="why", span_id="s1", metadata={"k": "v"})
        one = f"{self.URL}/{added['assessment_id']}"

        assert door.done("GET", one)["assessment"] == added
        assert added["metadata"] == {"k": "v"}
        for _ in range(2):
            assert door.done("DELETE", one) == {}
        assert door.refused("GET", one) == GONE

    def test_change_in_the_fields_of_the_mask(self, door):
        tell(door)
        added = self.add(door, rationale="why")
        change = {
            "assessment": {
                "assessment_name": "better",
                "feedback": {"value": [1, "x"]},
                "rationale": "not this",
            },
            "update_mask": "assessmentName,feedback",
        }
        changed = door.done("PATCH", f"{self.URL}/{added['assessment_id']}", change)["assessment"]

        assert changed["assessment_name"] == "better"
        assert changed["feedback"] == {"value": [1, "x"]}
        assert changed["rationale"] == "why"

    def test_are_no_longer_after_a_change_than_before(self, door):
        tell(door)
        change = {"assessment": {"rationale": "x" * 131_073}, "update_mask": "rationale"}
        url = f"{self.URL}/{self.add(door)['assessment_id']}"
        assert door.refused("PATCH", url, change) == BAD

    def test_of_others_are_not_replaced_by_the_run_of_the_trace(self, door):
        token = door.token_of(door.run("exp"))
        assert door.ask("POST", V3, info(), token=token).status == 200
        theirs = self.add(door, assessment_id="a-1")
        body = info(assessments=[{**theirs, "feedback": {"value": 1}}])

        assert door.refused("POST", V3, body, token=token) == (403, "PERMISSION_DENIED")
        assert door.done("GET", f"{self.URL}/a-1")["assessment"] == theirs

    def test_cannot_become_another_kind(self, door):
        tell(door)
        added = self.add(door)
        change = {"assessment": {"expectation": {"value": 1}}, "update_mask": "expectation"}
        url = f"{self.URL}/{added['assessment_id']}"
        assert door.refused("PATCH", url, change) == BAD

    def test_override_others_until_they_are_deleted(self, door):
        tell(door)
        first = self.add(door)
        second = self.add(door, overrides=first["assessment_id"])
        one = f"{self.URL}/{first['assessment_id']}"

        assert door.done("GET", one)["assessment"]["valid"] is False
        door.done("DELETE", f"{self.URL}/{second['assessment_id']}")
        assert door.done("GET", one)["assessment"]["valid"] is True

    def test_hold_expectations_of_any_shape(self, door):
        tell(door)
        sent = {"serialization_format": "JSON_FORMAT", "value": '{"a": [1, null]}'}
        added = self.add(door, feedback=None, expectation={"serialized_value": sent})
        assert added["expectation"] == {"serialized_value": sent}

        plain = self.add(door, feedback=None, expectation={"value": "x"})
        assert plain["expectation"] == {"value": "x"}

    @pytest.mark.parametrize(
        "fields",
        [
            {"assessment_name": ""},
            {"feedback": None},
            {"expectation": {"value": 1}},
            {"overrides": "a-0"},
            {"create_time": "x"},
            {"feedback": None, "expectation": {"serialized_value": {"value": "{"}}},
            {"feedback": None, "expectation": {"serialized_value": {"value": '"\\ud800"'}}},
            {"span_id": "a\0"},
            {"source": {"source_type": "x" * 131_073}},
        ],
    )
    def test_that_are_wrong_are_refused(self, door, fields):
        tell(door)
        body = {"assessment_name": "good", "feedback": {"value": 1}, **fields}
        status, _ = door.refused("POST", self.URL, {"assessment": body})
        assert status in {400, 404}

    def test_nested_too_deeply_are_refused(self, door):
        tell(door)
        value = "[" * 200 + "]" * 200
        raw = f'{{"assessment":{{"assessment_name":"a","feedback":{{"value":{value}}}}}}}'.encode()
        assert door.refused("POST", self.URL, raw) == BAD

    def test_need_a_trace(self, door):
        body = {"assessment": {"assessment_name": "good", "feedback": {"value": 1}}}
        assert door.refused("POST", self.URL, body) == GONE


class TestOlderPrograms:
    def start(self, door):
        body = {
            "experiment_id": "0",
            "timestamp_ms": 1_700_000_000_000,
            "request_metadata": [{"key": "m", "value": "1"}],
            "tags": [{"key": "mlflow.traceName", "value": "old"}],
        }
        return door.done("POST", V2, body)["trace_info"]

    def test_begin_and_end_a_trace(self, door):
        started = self.start(door)
        body = {
            "timestamp_ms": 1_700_000_000_100,
            "status": "OK",
            "request_metadata": [{"key": "n", "value": "2"}],
            "tags": [{"key": "t", "value": "3"}],
        }
        url = f"{V2}/{started['request_id']}"
        ended = door.done("PATCH", url, body)["trace_info"]

        assert started["status"] == "IN_PROGRESS"
        assert ended["execution_time_ms"] == 100
        assert {p["key"]: p["value"] for p in ended["request_metadata"]} == {"m": "1", "n": "2"}
        assert door.done("GET", f"{url}/info")["trace_info"] == ended
        assert door.done("GET", f"{V2}?experiment_ids=0&filter=name%3D'old'")["traces"] == [ended]

    @pytest.mark.parametrize(
        "body", [{}, {"timestamp_ms": -1}, {"timestamp_ms": 1, "status": "?"}]
    )
    def test_are_told_what_is_wrong(self, door, body):
        started = self.start(door)
        assert door.refused("PATCH", f"{V2}/{started['request_id']}", body) == BAD


class TestReach:
    def test_a28_a_foreign_trace_answers_as_an_absent_one(self, door):
        there = "there"
        assert door.ask("POST", V3, info("tr-f"), workspace=there).status == 200
        asked = [
            ("GET", f"{V3}/{{}}", None),
            ("GET", f"{V2}/{{}}/info", None),
            ("GET", f"{V3}/get?trace_id={{}}", None),
            ("GET", f"{V3}/batchGet?trace_ids={{}}", None),
            ("PATCH", f"{V2}/{{}}", {"timestamp_ms": 1, "status": "OK"}),
            ("PATCH", f"{V2}/{{}}/tags", {"key": "a", "value": "b"}),
            ("DELETE", f"{V3}/{{}}/tags", {"key": "color"}),
            ("GET", f"{V3}/{{}}/assessments/a-1", None),
            ("DELETE", f"{V3}/{{}}/assessments/a-1", None),
        ]
        for method, path, body in asked:
            foreign = door.ask(method, path.format("tr-f"), body)
            absent = door.ask(method, path.format("tr-x"), body)
            assert foreign.status == absent.status
            assert foreign.body.replace(b"tr-f", b"tr-x") == absent.body

    def test_a28_a_foreign_experiment_is_not_searched(self, door):
        experiment = door.experiment("exp", workspace="there")
        assert door.ask("POST", V3, info("tr-f", experiment), workspace="there").status == 200

        assert found(door, experiment=experiment) == []
        assert door.refused("POST", V3, info("tr-g", experiment)) == GONE
        body = {"experiment_id": experiment, "request_ids": ["tr-f"]}
        assert door.refused("POST", f"{V2}/delete-traces", body) == GONE

    def test_a_run_changes_the_traces_that_it_made(self, door):
        token = door.token_of(door.run("exp"))
        tell(door, "tr-mine")
        assert door.ask("POST", V3, info("tr-own"), token=token).status == 200

        status, code = door.refused("POST", V3, info("tr-mine"), token=token)
        assert (status, code) == (403, "PERMISSION_DENIED")
        body = {"experiment_id": "0", "request_ids": ["tr-mine", "tr-own"]}
        assert door.done("POST", f"{V2}/delete-traces", body, token=token) == {"traces_deleted": 1}

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", f"{V3}/metrics"), ("POST", "/api/3.0/mlflow/datasets/search")],
    )
    def test_what_is_not_spoken_is_said_so(self, door, method, path):
        status, code = door.refused(method, path, {})
        assert status in {404, 405}
        assert code == "ENDPOINT_NOT_FOUND"
