from dataclasses import replace

import pytest
from zaffre.domain.errors import NotFoundError
from zaffre.domain.inputs import RunInput
from zaffre.domain.search import (
    Comparison,
    Condition,
    ExperimentSearch,
    Lifecycle,
    OrderKey,
    Place,
    RunField,
    RunSearch,
    Subject,
)

from contract.stores.conftest import Database
from contract.stores.entities import ODD, TIME, experiment, later, run

TEXT = ODD.replace("\x00", "")


class TestParamStore:
    def test_keeps_the_first_value_of_each_name(self, database: Database):
        first = {"a": "1", TEXT: TEXT}
        assert database.write(lambda s: s.params.add(run(), first)) == first
        again = {"a": "2", "b": "3"}
        assert database.write(lambda s: s.params.add(run(), again)) == {"a": "1", "b": "3"}
        assert database.read(lambda s: s.params.of("w1", ["r1", "no"])) == {
            "r1": {"a": "1", "b": "3", TEXT: TEXT}
        }
        assert database.read(lambda s: s.params.of("w2", ["r1"])) == {}

    def test_has_no_params_of_runs_that_are_absent(self, database: Database):
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.params.add(run("no"), {"a": "1"}))


class TestInputStore:
    def test_keeps_each_input_once_in_order(self, database: Database):
        inputs = [
            RunInput(name=name, digest="1", source=TEXT, schema="s", step=1, tags={"k": ODD})
            for name in ("b", "a")
        ]
        for _ in range(2):
            database.write(lambda s: s.inputs.add(run(), inputs))
        assert database.read(lambda s: s.inputs.of("w1", ["r1"])) == {"r1": inputs}


class TestRunSearchStore:
    def test_reads_on_behind_a_run(self, database: Database):
        for number, started in enumerate((3.0, 2.0, 2.0, None)):
            one = run(
                f"n{number}",
                started_at=None if started is None else later(started),
                created_at=TIME,
            )
            database.write(lambda s, r=one: s.runs.add(r))
        search = RunSearch(experiment_ids=("e-exp",))
        whole = database.read(lambda s: s.run_search.search("w1", search, limit=9, place=Place()))
        assert [one.id for one in whole] == ["n0", "n1", "n2", "r1", "n3"]
        place = Place(began_at=whole[1].began_at.timestamp(), run_id="n1")
        rest = database.read(lambda s: s.run_search.search("w1", search, limit=2, place=place))
        assert rest == whole[2:4]
        foreign = database.read(
            lambda s: s.run_search.search("w2", search, limit=9, place=Place())
        )
        assert foreign == []

    def test_finds_archived_runs_and_those_put_away_with_their_experiment(
        self, database: Database
    ):
        database.write(lambda s: s.runs.save(replace(run(), archived_at=later(1))))
        database.write(lambda s: s.runs.add(run("r2")))
        database.write(lambda s: s.runs.set_archived(experiment(), at=later(2), before=None))

        def found(lifecycle: Lifecycle) -> list[str]:
            search = RunSearch(
                experiment_ids=("e-exp",),
                lifecycle=lifecycle,
                order=(OrderKey(Subject.FIELD, RunField.ID),),
            )
            runs = database.read(
                lambda s: s.run_search.search("w1", search, limit=9, place=Place())
            )
            return [one.id for one in runs]

        assert (found(Lifecycle.ACTIVE), found(Lifecycle.ARCHIVED)) == ([], ["r1", "r2"])
        database.write(lambda s: s.runs.set_archived(experiment(), at=None, before=later(2)))
        assert (found(Lifecycle.ACTIVE), found(Lifecycle.ALL)) == (["r2"], ["r1", "r2"])


class TestExperimentSearch:
    def test_finds_by_odd_tags_and_follows_new_names(self, database: Database):
        odd = experiment("odd", tags={"ä 'q\"": "v"}, archived_at=None)
        database.write(lambda s: s.experiments.add(odd))
        has_tag = Condition(Subject.TAG, "ä 'q\"", Comparison.EQUAL, "v")
        search = ExperimentSearch(conditions=(has_tag,))
        assert database.read(lambda s: s.experiments.search("w1", search, limit=9)) == [odd]

        database.write(lambda s: s.experiments.rename(experiment(), "new"))
        assert database.read(lambda s: s.experiments.get("w1", "e-exp")).name == "new"
        assert database.read(lambda s: s.runs.get("w1", "r1")).experiment_name == "new"
