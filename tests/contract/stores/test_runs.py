from dataclasses import replace
from itertools import pairwise

import pytest
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.runs import RunError, RunKind, RunSpec, RunState
from zaffre.ports.stores import RunFilter

from contract.stores.conftest import Database
from contract.stores.entities import ODD, experiment, later, run


def ids(database: Database, where: RunFilter | None = None, **page):
    asked = {"limit": 100, **page}
    found = database.read(lambda s: s.runs.list("w1", where or RunFilter(), **asked))
    return [one.id for one in found]


class TestRunStore:
    def test_gives_back_what_was_added(self, database: Database):
        assert database.read(lambda s: s.runs.get("w1", "r1")) == run()

    def test_keeps_numbers_that_json_lacks(self, database: Database):
        spec = RunSpec(kind=RunKind.SCRIPT, definition={"inf": float("-inf"), "big": 2**70})
        database.write(lambda s: s.runs.add(run("r2", spec=spec)))

        assert database.read(lambda s: s.runs.get("w1", "r2")).spec == spec

    def test_refuses_the_same_id_in_a_workspace(self, database: Database):
        with pytest.raises(ConflictError, match="`r1`") as caught:
            database.write(lambda s: s.runs.add(run()))
        assert caught.value.code == "RunExists"

        database.write(
            lambda s: s.experiments.add(experiment(id="e2", workspace_id="w2", name="exp"))
        )
        database.write(lambda s: s.runs.add(run(workspace_id="w2", experiment_id="e2")))

    def test_hides_the_runs_of_other_workspaces(self, database: Database):
        with pytest.raises(NotFoundError) as foreign:
            database.read(lambda s: s.runs.get("w2", "r1"))
        with pytest.raises(NotFoundError) as absent:
            database.read(lambda s: s.runs.get("none", "r1"))

        assert foreign.value.code == "RunNotFound"
        assert vars(foreign.value) == vars(absent.value)

    def test_saves_what_can_change(self, database: Database):
        changed = replace(
            run(),
            state=RunState.FAILED,
            display_name="x",
            description="y",
            tags={},
            properties={"p": "2", "q": "3"},
            error=RunError(code="D", message="n"),
            attempt=3,
            handle={},
            started_at=later(2),
            ended_at=later(3),
        )

        database.write(lambda s: s.runs.save(changed))

        assert database.read(lambda s: s.runs.get("w1", "r1")) == changed

    def test_does_not_save_what_is_absent(self, database: Database):
        with pytest.raises(NotFoundError) as caught:
            database.write(lambda s: s.runs.save(run("no")))
        assert caught.value.code == "RunNotFound"

    def test_never_gives_a_number_twice(self, database: Database):
        def twice(s):
            return s.runs.next_number("e-exp"), s.runs.next_number("e-exp")

        assert database.write(twice) == (1, 2)
        assert database.write(lambda s: s.runs.next_number("e-exp")) == 3
        with pytest.raises(NotFoundError, match="`none`"):
            database.write(lambda s: s.runs.next_number("none"))

    def test_lists_for_the_engine_the_oldest_first(self, database: Database):
        def fill(s):
            s.runs.add(run("r3", state=RunState.QUEUED))
            s.runs.add(run("r2", state=RunState.QUEUED))
            s.runs.add(run("r0", state=RunState.COMPLETED))
            inline = replace(run().spec, kind=RunKind.INTERACTIVE)
            s.runs.add(run("inline", state=RunState.RUNNING, spec=inline))

        database.write(fill)
        states = frozenset({RunState.QUEUED, RunState.RUNNING})

        found = database.read(lambda s: s.runs.in_states(states))

        assert [one.id for one in found] == ["r1", "r3", "r2"]
        assert database.read(lambda s: s.runs.in_states(frozenset())) == []
        first = database.read(lambda s: s.runs.in_states(states, limit=2))
        assert [one.id for one in first] == ["r1", "r3"]

    def test_finds_what_is_open_below_a_run_at_any_depth(self, database: Database):
        inline = replace(run().spec, kind=RunKind.INTERACTIVE)

        def fill(s):
            s.runs.add(run("child", parent_id="r1", spec=inline, state=RunState.COMPLETED))
            s.runs.add(run("grandchild", parent_id="child", spec=inline))
            s.runs.add(run("script", parent_id="grandchild"))
            s.runs.add(run("its-child", parent_id="script", spec=inline))
            s.runs.add(run("stranger", parent_id="none", spec=inline))
            s.experiments.add(experiment(id="e2", workspace_id="w2", name="exp"))
            s.runs.add(run("foreign", workspace_id="w2", experiment_id="e2", parent_id="r1"))

        database.write(fill)

        def below(**asked):
            return [o.id for o in database.read(lambda s: s.runs.open_below(run(), **asked))]

        assert below() == ["its-child", "script", "grandchild"]
        assert below(interactive_only=True) == ["grandchild"]

    def test_lists_pages_newest_first(self, database: Database):
        for number in range(2, 8):
            # Time does not order: clocks go back.
            added = run(f"r{number}", created_at=later(-number))
            database.write(lambda s, added=added: s.runs.add(added))

        assert ids(database) == ["r7", "r6", "r5", "r4", "r3", "r2", "r1"]
        assert ids(database, limit=3) == ["r7", "r6", "r5"]
        assert ids(database, limit=3, after="r5") == ["r4", "r3", "r2"]
        assert ids(database, limit=3, after="r1") == []
        assert database.read(lambda s: s.runs.list("w2", RunFilter(), limit=9)) == []
        with pytest.raises(InvalidError) as caught:
            ids(database, after="gone")
        assert caught.value.code == "InvalidContinuation"


class TestRunFilter:
    @pytest.fixture
    def filled(self, database: Database) -> Database:
        def fill(s):
            s.experiments.add(experiment("two"))
            s.runs.add(run("r2", tags={"a": "1", "b": "x" * 5000}, state=RunState.QUEUED))
            s.runs.add(run("r3", tags={}, parent_id="r1", properties={"a": "1"}))
            s.runs.add(run("r4", experiment_id="e-two", experiment_name="two", tags={"a": "2"}))
            s.runs.add(run("r5", tags={"b": ODD}, parent_id="r1", state=RunState.FAILED))

        database.write(fill)
        return database

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (RunFilter(experiment_name="two"), ["r4"]),
            (RunFilter(experiment_name="none"), []),
            (RunFilter(parent_id="r1"), ["r5", "r3"]),
            (RunFilter(states=frozenset({RunState.QUEUED})), ["r2"]),
            (RunFilter(states=frozenset({RunState.QUEUED, RunState.FAILED})), ["r5", "r2"]),
            (RunFilter(states=frozenset(RunState)), ["r5", "r4", "r3", "r2", "r1"]),
            (RunFilter(tags={"a": None}), ["r4", "r2", "r1"]),
            (RunFilter(tags={"a": "1"}), ["r2", "r1"]),
            (RunFilter(tags={"a": "1", "b": None}), ["r2"]),
            (RunFilter(tags={"b": "x" * 5000}), ["r2"]),
            (RunFilter(tags={"b": ODD}), ["r5"]),
            (RunFilter(tags={"a": ""}), []),
            (RunFilter(properties={"a": "1"}), ["r3"]),
            (RunFilter(properties={"p": ODD}, tags={"a": "2"}), ["r4"]),
            (RunFilter(tags={"a": "1"}, states=frozenset({RunState.RUNNING})), ["r1"]),
            (RunFilter(parent_id="r1", experiment_name="exp", tags={"b": None}), ["r5"]),
        ],
    )
    def test_filters(self, filled: Database, where: RunFilter, expected: list[str]):
        assert ids(filled, where) == expected
        pages = [ids(filled, where, limit=1, after=after) for after in expected]
        assert pages == [[after] for _, after in pairwise(expected)] + [[]] * bool(expected)

    def test_follows_changes_of_tags_and_properties(self, filled: Database):
        changed = run("r2", tags={"a": "9", "c": "1"}, properties={"n": "1"})
        filled.write(lambda s: s.runs.save(changed))

        assert ids(filled, RunFilter(tags={"a": "1"})) == ["r1"]
        assert ids(filled, RunFilter(tags={"a": "9"})) == ["r2"]
        assert ids(filled, RunFilter(tags={"b": None})) == ["r5"]
        assert ids(filled, RunFilter(tags={"c": None})) == ["r2"]
        assert ids(filled, RunFilter(properties={"n": "1"})) == ["r2"]
        assert ids(filled, RunFilter(properties={"p": None})) == ["r5", "r4", "r1"]
