import math
from dataclasses import replace

import pytest
from zaffre.domain.errors import NotFoundError
from zaffre.domain.logged_models import (
    LoggedModelMetric,
    LoggedModelStatus,
    ModelDirection,
    RunModel,
)
from zaffre.domain.search import Comparison, Condition, OrderKey, Subject
from zaffre.ports.registry import Dataset, LoggedModelField, LoggedModelSearch

from contract.stores.conftest import Database
from contract.stores.entities import later, logged_model, run


def add(database: Database, id_: str = "m-1", **fields):
    model = logged_model(id_, **fields)
    database.write(lambda s: s.logged_models.add(model))
    return model


def measured(name: str, value: float, step: int = 0, **fields) -> LoggedModelMetric:
    whole = LoggedModelMetric(run_id="r1", name=name, value=value, step=step, time=later(step))
    return replace(whole, **fields)


class TestLoggedModelStore:
    def test_gives_back_what_was_added(self, database: Database):
        assert not database.read(lambda s: s.logged_models.exists("w1"))
        model = add(database)

        assert database.read(lambda s: s.logged_models.get("w1", "m-1")) == model
        assert database.read(lambda s: s.logged_models.exists("w1"))
        assert database.read(lambda s: s.logged_models.experiment_name(model)) == "exp"
        for workspace, absent in (("w2", "m-1"), ("w1", "m-2")):
            with pytest.raises(NotFoundError) as caught:
                database.read(lambda s, w=workspace, a=absent: s.logged_models.get(w, a))
            assert caught.value.code == "LoggedModelNotFound"

    def test_saves_what_can_change(self, database: Database):
        changed = replace(
            add(database),
            status=LoggedModelStatus.READY,
            status_message="ok",
            tags={},
            params={"p": "1", "q": "2"},
            updated_at=later(2),
            archived_at=later(3),
        )
        database.write(lambda s: s.logged_models.save(changed))

        assert database.read(lambda s: s.logged_models.get("w1", "m-1")) == changed

    def test_keeps_metrics_in_order(self, database: Database):
        model, other = add(database), add(database, "m-2")
        metrics = [measured("a", 1.5, 1), measured("b", math.inf), measured("a", -0.0, 2)]
        database.write(lambda s: s.logged_models.add_metrics(model, metrics))
        database.write(lambda s: s.logged_models.add_metrics(other, [measured("n", math.nan)]))

        found = database.read(lambda s: s.logged_models.metrics([model, other]))
        assert found["m-1"] == metrics
        assert math.isnan(found["m-2"][0].value)

    def test_links_runs(self, database: Database):
        add(database)
        made = [RunModel(ModelDirection.OUTPUT, "m-1", 3), RunModel(ModelDirection.INPUT, "m-1")]
        database.write(lambda s: s.logged_models.link(run(), [made[0]]))
        database.write(lambda s: s.logged_models.link(run(), made))

        assert database.read(lambda s: s.logged_models.links([run()])) == {
            "r1": sorted(made, key=lambda link: link.direction)
        }

    def test_searches(self, database: Database):
        one = add(database, "m-1", name="one", params={"lr": "0.1"}, created_at=later(1))
        two = add(database, "m-2", name="two", params={"lr": "0.2"}, created_at=later(2))
        add(database, "m-3", archived_at=later(9))
        on_train = {"dataset_name": "train", "dataset_digest": "d1"}

        def measure(s):
            s.logged_models.add_metrics(one, [measured("acc", 0.9, **on_train)])
            s.logged_models.add_metrics(one, [measured("acc", 0.2, 5)])
            s.logged_models.add_metrics(two, [measured("acc", 0.5)])

        database.write(measure)

        def ids(*conditions, **asked):
            search = LoggedModelSearch(
                experiment_ids=["e-exp", "e-none"],
                conditions=conditions,
                **{"limit": 9, **asked},
            )
            found = database.read(lambda s: s.logged_models.search("w1", search))
            return [model.id for model in found]

        def above(value: float) -> Condition:
            return Condition(Subject.METRIC, "acc", Comparison.GREATER, value)

        accuracy = OrderKey(Subject.METRIC, "acc", descending=True)
        train = Dataset("train", "d1")
        assert ids() == ["m-2", "m-1"]
        assert ids(limit=1, offset=1) == ["m-1"]
        assert ids(above(0.6)) == ["m-1"]
        assert ids(above(0.1), datasets=[train]) == ["m-1"]
        assert ids(datasets=[Dataset("train")]) == ["m-1"]
        assert ids(datasets=[Dataset("train", "d2")]) == []
        assert ids(order=[(accuracy, None)]) == ["m-2", "m-1"]
        assert ids(order=[(accuracy, train)]) == ["m-1", "m-2"]
        assert ids(Condition(Subject.PARAM, "lr", Comparison.EQUAL, "0.1")) == ["m-1"]
        assert ids(
            Condition(Subject.FIELD, LoggedModelField.NAME, Comparison.LIKE, "t%"),
        ) == ["m-2"]
        assert ids(
            Condition(
                Subject.FIELD,
                LoggedModelField.CREATED,
                Comparison.EQUAL,
                float(round(later(2).timestamp() * 1000)),
            )
        ) == ["m-2"]
        assert (
            database.read(
                lambda s: s.logged_models.search(
                    "w2", LoggedModelSearch(experiment_ids=["e-exp"], limit=9)
                )
            )
            == []
        )
