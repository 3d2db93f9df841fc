from dataclasses import replace

import pytest
from zaffre.domain.errors import ConflictError, NotFoundError
from zaffre.domain.search import Comparison
from zaffre.domain.traces import (
    Assessment,
    AssessmentKind,
    Span,
    SpanStatus,
    Trace,
    TraceState,
)
from zaffre.ports.traces import TraceCondition, TraceFieldKind, TraceQuery

from contract.stores.conftest import Database
from contract.stores.entities import ODD, experiment, workspace

HERE = TraceQuery(experiment_ids=("e-exp",))


def trace(id_: str = "tr-1", **fields) -> Trace:
    whole = Trace(
        id=id_,
        workspace_id="w1",
        experiment_id="e-exp",
        experiment_name="exp",
        state=TraceState.OK,
        started_ms=1000,
        duration_ms=5,
        client_request_id="c",
        request_preview=ODD,
        response_preview=ODD,
        tags={"t": ODD, "same": "tag"},
        metadata={"m": ODD, "same": "metadata"},
        is_told=True,
        has_spans=True,
        created_by="me",
    )
    return replace(whole, **fields)


def span(id_: str = "1", **fields) -> Span:
    whole = Span(
        id=id_,
        parent_id="0",
        name=ODD,
        type="TOOL",
        status=SpanStatus.ERROR,
        started_ns=2**62,
        ended_ns=2**62 + 1,
        attributes='{"a": "ü"}',
        details='{"kind": 1}',
    )
    return replace(whole, **fields)


def assessment(id_: str = "a-1", **fields) -> Assessment:
    whole = Assessment(
        id=id_,
        trace_id="tr-1",
        name="good",
        kind=AssessmentKind.FEEDBACK,
        value={"deep": [1, None, ODD]},
        error={"error_code": "E"},
        source_type="HUMAN",
        source_id="me",
        span_id="1",
        rationale=ODD,
        metadata={"k": ODD},
        overrides="a-0",
        valid=False,
        created_by="me",
        created_ms=1,
        updated_ms=2,
    )
    return replace(whole, **fields)


def add(database: Database, *traces: Trace) -> None:
    database.write(lambda s: [s.traces.add(each) for each in traces])


class TestTraceStore:
    def test_gives_back_what_was_added(self, database: Database):
        add(database, trace())
        assert database.read(lambda s: s.traces.get("w1", "tr-1")) == trace()
        assert database.read(lambda s: s.traces.find("w1", ["no", "tr-1"])) == [trace()]

    def test_has_an_id_once_in_a_workspace(self, database: Database):
        add(database, trace())
        with pytest.raises(ConflictError) as caught:
            add(database, trace())
        assert caught.value.code == "TraceExists"

    def test_a28_misses_what_is_elsewhere(self, database: Database):
        add(database, trace())
        for use in (
            lambda s: s.traces.get("w2", "tr-1"),
            lambda s: s.traces.save(trace(workspace_id="w2")),
            lambda s: s.spans.put(trace(workspace_id="w2"), [span()]),
            lambda s: s.assessments.put("w2", assessment()),
        ):
            with pytest.raises(NotFoundError):
                database.write(use)
        assert database.read(lambda s: s.traces.search("w2", HERE, limit=9)) == []
        assert database.read(lambda s: s.traces.oldest("w2", "e-exp", limit=9)) == []
        assert database.write(lambda s: s.traces.remove("w2", ["tr-1"])) == 0

    def test_replaces_everything(self, database: Database):
        add(database, trace())
        changed = trace(
            state=TraceState.ERROR,
            started_ms=7,
            duration_ms=None,
            client_request_id=None,
            request_preview=None,
            tags={"same": "new"},
            metadata={},
            is_told=False,
        )
        database.write(lambda s: s.traces.save(changed))
        assert database.read(lambda s: s.traces.get("w1", "tr-1")) == changed

    def test_searches_in_order_and_continues(self, database: Database):
        add(database, *(trace(f"tr-{n}", started_ms=n // 2) for n in range(6)))
        seen, place = [], None
        for _ in range(3):
            page = database.read(
                lambda s, place=place: s.traces.search("w1", HERE, limit=2, after=place)
            )
            seen += [each.id for each, _ in page]
            place = page[-1][1]
        assert seen == ["tr-4", "tr-5", "tr-2", "tr-3", "tr-0", "tr-1"]

    def test_keeps_labels_of_two_kinds_apart(self, database: Database):
        add(database, trace())

        def number(kind: TraceFieldKind, value: str) -> int:
            condition = TraceCondition(kind, "same", Comparison.EQUAL, value)
            query = replace(HERE, conditions=(condition,))
            return len(database.read(lambda s: s.traces.search("w1", query, limit=9)))

        assert number(TraceFieldKind.TAG, "tag") == 1
        assert number(TraceFieldKind.TAG, "metadata") == 0
        assert number(TraceFieldKind.METADATA, "metadata") == 1

    def test_knows_the_oldest(self, database: Database):
        add(
            database,
            trace("tr-a", started_ms=3),
            trace("tr-b", started_ms=1),
            trace("tr-c", started_ms=2, created_by="you"),
        )

        def oldest(**which) -> list[str]:
            return database.read(lambda s: s.traces.oldest("w1", "e-exp", **which))

        assert oldest(limit=9) == ["tr-b", "tr-c", "tr-a"]
        assert oldest(limit=1) == ["tr-b"]
        assert oldest(until_ms=2, limit=9) == ["tr-b", "tr-c"]
        assert oldest(created_by="you", limit=9) == ["tr-c"]

    def test_removes_what_belongs_to_it(self, database: Database):
        add(database, trace())
        database.write(lambda s: s.spans.put(trace(), [span()]))
        database.write(lambda s: s.assessments.put("w1", assessment()))
        database.write(lambda s: s.traces.link_run("w1", ["tr-1", "no"], "r"))
        database.write(lambda s: s.traces.link_prompts(trace(), ["p/1"]))

        assert database.write(lambda s: s.traces.remove("w1", ["tr-1", "no"])) == 1
        add(database, trace())
        assert database.read(lambda s: s.spans.list("w1", ["tr-1"])) == {}
        assert database.read(lambda s: s.traces.get("w1", "tr-1")).assessments == ()

    def test_that_is_linked_before_it_comes(self, database: Database):
        of_run = TraceCondition(TraceFieldKind.RUN, "", Comparison.EQUAL, "r")
        wanted = replace(HERE, conditions=(of_run,))

        def linked() -> list[str]:
            found = database.read(lambda s: s.traces.search("w1", wanted, limit=9))
            return [each.id for each, _ in found]

        for _ in range(2):
            database.write(lambda s: s.traces.link_run("w1", ["tr-1", "tr-1"], "r"))
        add(database, trace(), trace("tr-2"))

        assert linked() == ["tr-1"]
        database.write(lambda s: s.traces.remove("w1", ["tr-1"]))
        add(database, trace())
        assert linked() == []

    def test_goes_with_its_workspace(self, empty: Database):
        def fill(s) -> None:
            s.workspaces.add(workspace("w1"))
            s.experiments.add(experiment())
            s.traces.add(trace())
            s.spans.put(trace(), [span()])

        empty.write(fill)
        empty.write(lambda s: s.workspaces.remove(workspace("w1")))
        empty.write(fill)
        assert len(empty.read(lambda s: s.spans.list("w1", ["tr-1"]))["tr-1"]) == 1


class TestSpanStore:
    def test_gives_back_what_was_put(self, database: Database):
        add(database, trace(), trace("tr-2"))
        root = span("2", parent_id=None, type=None, ended_ns=None, started_ns=2**62 + 5)
        later = span("3", started_ns=2**62 + 9)
        database.write(lambda s: s.spans.put(trace(), [later, span(), root]))
        database.write(lambda s: s.spans.put(trace("tr-2"), [span()]))

        found = database.read(lambda s: s.spans.list("w1", ["tr-1", "tr-2", "no"]))
        assert found == {"tr-1": [root, span(), later], "tr-2": [span()]}

    def test_replaces_those_of_the_same_id(self, database: Database):
        add(database, trace())
        for name in ("before", "after"):
            database.write(lambda s, name=name: s.spans.put(trace(), [span(name=name)]))
        (found,) = database.read(lambda s: s.spans.list("w1", ["tr-1"]))["tr-1"]
        assert found.name == "after"


class TestAssessmentStore:
    def test_gives_back_what_was_put(self, database: Database):
        add(database, trace())
        database.write(lambda s: s.assessments.put("w1", assessment()))

        assert database.read(lambda s: s.assessments.find("w1", "tr-1", "a-1")) == assessment()
        assert database.read(lambda s: s.traces.get("w1", "tr-1")).assessments == (assessment(),)
        assert database.read(lambda s: s.assessments.find("w2", "tr-1", "a-1")) is None
        assert database.read(lambda s: s.assessments.find("w1", "tr-2", "a-1")) is None

    @pytest.mark.parametrize("value", [None, True, 0, -1.5, "x", [], 10**400])
    def test_keeps_any_value(self, database: Database, value):
        add(database, trace())
        kept = assessment(value=value, error=None)
        for _ in range(2):
            database.write(lambda s: s.assessments.put("w1", kept))
        assert database.read(lambda s: s.assessments.find("w1", "tr-1", "a-1")) == kept

    def test_removes_one(self, database: Database):
        add(database, trace())
        database.write(lambda s: s.assessments.put("w1", assessment()))
        database.write(lambda s: s.assessments.put("w1", assessment("a-2")))
        database.write(lambda s: s.assessments.remove("w1", assessment()))
        (left,) = database.read(lambda s: s.traces.get("w1", "tr-1")).assessments
        assert left.id == "a-2"
