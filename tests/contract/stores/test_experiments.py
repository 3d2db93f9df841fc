from dataclasses import replace

import pytest
from zaffre.domain.errors import ConflictError, NotFoundError

from contract.stores.conftest import Database
from contract.stores.entities import experiment


class TestExperimentStore:
    def test_gives_back_what_was_added(self, database: Database):
        assert database.read(lambda s: s.experiments.find("w1", "exp")) == experiment()
        assert database.read(lambda s: s.experiments.find("w2", "exp")) is None

    def test_refuses_the_same_name_in_a_workspace(self, database: Database):
        with pytest.raises(ConflictError, match="`exp`") as caught:
            database.write(lambda s: s.experiments.add(experiment(id="other")))
        assert caught.value.code == "ExperimentExists"

        database.write(lambda s: s.experiments.add(experiment(id="other", workspace_id="w2")))

    def test_lists_pages_by_name(self, database: Database):
        for name in ("zz", "B", "a"):
            database.write(lambda s, name=name: s.experiments.add(experiment(name)))

        first = database.read(lambda s: s.experiments.list("w1", limit=3))
        second = database.read(lambda s: s.experiments.list("w1", limit=3, after=first[-1].name))

        assert [e.name for e in first + second] == ["B", "a", "exp", "zz"]
        assert database.read(lambda s: s.experiments.list("w2", limit=3)) == []

    def test_saves_what_can_change(self, database: Database):
        changed = replace(experiment(), tags={}, description="x", archived_at=None)

        database.write(lambda s: s.experiments.save(changed))

        assert database.read(lambda s: s.experiments.find("w1", "exp")) == changed

    def test_does_not_save_what_is_absent(self, database: Database):
        with pytest.raises(NotFoundError) as caught:
            database.write(lambda s: s.experiments.save(experiment("no")))
        assert caught.value.code == "ExperimentNotFound"
