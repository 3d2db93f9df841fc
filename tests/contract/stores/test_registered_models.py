from dataclasses import replace

import pytest
from zaffre.domain.errors import ConflictError, NotFoundError
from zaffre.domain.models import PROMPT_TAG, ModelStage
from zaffre.domain.search import Comparison, Condition, OrderKey, Subject
from zaffre.ports.registry import ModelField, ModelSearch

from contract.stores.conftest import Database
from contract.stores.entities import FILES, later, model, registered


def add(database: Database, name: str = "m", **fields):
    return database.write(lambda s: s.registered_models.add(registered(name, **fields)))


def version(database: Database, name: str = "m", **fields):
    return database.write(lambda s: s.models.add(model(name, **{"files": FILES[:1], **fields})))


def tag(name: str, comparison: Comparison, value) -> Condition:
    return Condition(Subject.TAG, name, comparison, value)


def field(name: str, comparison: Comparison, value) -> Condition:
    return Condition(Subject.FIELD, name, comparison, value)


class TestRegisteredModelStore:
    def test_gives_back_what_was_added(self, database: Database):
        assert add(database) == registered()
        assert database.read(lambda s: s.registered_models.get("w1", "m")) == registered()
        assert database.read(lambda s: s.registered_models.find("w2", "m")) is None
        with pytest.raises(ConflictError) as caught:
            add(database)
        assert caught.value.code == "ModelExists"

    def test_a_version_makes_a_name(self, database: Database):
        version(database)
        found = database.read(lambda s: s.registered_models.get("w1", "m"))

        assert (found.last_version, found.tags) == (1, {})
        with pytest.raises(ConflictError):
            add(database)

    def test_saves_what_can_change(self, database: Database):
        add(database)
        version(database)
        changed = registered(description="", tags={}, aliases={"a": 1}, last_version=1)
        database.write(lambda s: s.registered_models.save(changed))

        assert database.read(lambda s: s.registered_models.get("w1", "m")) == changed
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.registered_models.save(registered("none")))

    def test_skips_numbers_but_never_goes_back(self, database: Database):
        add(database)
        for least, given in ((6, 7), (3, 8)):
            found = database.read(lambda s: s.registered_models.get("w1", "m"))
            database.write(lambda s, m=found, n=least: s.registered_models.skip_to(m, n))
            assert version(database).version == given

    def test_a_removed_name_keeps_its_numbers(self, database: Database):
        added = add(database, tags={PROMPT_TAG: "true"})
        version(database)
        database.write(lambda s: s.registered_models.remove(added))

        assert database.read(lambda s: s.registered_models.find("w1", "m")) is None
        assert database.read(lambda s: s.models.list("w1", limit=9)) == []
        assert not add(database).is_prompt
        assert version(database).version == 2

    def test_a_name_that_a_version_brings_back_begins_anew(self, database: Database):
        added = add(database)
        database.write(lambda s: s.registered_models.remove(added))
        version(database, created_at=later(9))

        found = database.read(lambda s: s.registered_models.get("w1", "m"))
        assert (found.description, found.tags, found.created_at) == ("", {}, later(9))

    def test_renames_with_versions_and_aliases(self, database: Database):
        add(database)
        version(database)
        present = registered(aliases={"best": 1}, last_version=1)
        database.write(lambda s: s.registered_models.save(present))
        renamed = replace(present, name="n", updated_at=later(5))
        database.write(lambda s: s.registered_models.rename(present, renamed))

        assert database.read(lambda s: s.registered_models.find("w1", "m")) is None
        assert database.read(lambda s: s.registered_models.get("w1", "n")) == renamed
        moved = database.read(lambda s: s.models.get("w1", "n:1"))
        assert (moved.name, moved.files, moved.updated_at) == ("n", FILES[:1], later(5))
        assert version(database, "n").version == 2
        assert version(database, "m").version == 2

    def test_does_not_rename_to_a_name_that_is_taken(self, database: Database):
        present = add(database)
        add(database, "n")
        with pytest.raises(ConflictError):
            database.write(
                lambda s: s.registered_models.rename(present, replace(present, name="n"))
            )

    def test_searches(self, database: Database):
        add(database, "aB", tags={"x": "1"}, updated_at=later(1))
        add(database, "ab", tags={"x": "2"}, updated_at=later(3))
        add(database, "p*", tags={PROMPT_TAG: "true"}, updated_at=later(2))

        def names(*conditions, **asked):
            search = ModelSearch(conditions=conditions, **{"limit": 9, **asked})
            return [
                m.name for m in database.read(lambda s: s.registered_models.search("w1", search))
            ]

        assert names() == ["aB", "ab"]
        assert names(prompts=True) == ["aB", "ab", "p*"]
        assert names(limit=1, offset=1) == ["ab"]
        assert names(order=[OrderKey(Subject.FIELD, ModelField.UPDATED, descending=True)]) == [
            "ab",
            "aB",
        ]
        assert names(field(ModelField.NAME, Comparison.LIKE, "a_")) == ["aB", "ab"]
        assert names(field(ModelField.NAME, Comparison.LIKE, "%b")) == ["ab"]
        assert names(field(ModelField.NAME, Comparison.ILIKE, "%B")) == ["aB", "ab"]
        assert names(field(ModelField.NAME, Comparison.IN, ("ab", "p*"))) == ["ab"]
        assert names(field(ModelField.NAME, Comparison.LIKE, "_*"), prompts=True) == ["p*"]
        assert names(tag("x", Comparison.UNEQUAL, "1")) == ["ab"]
        assert names(tag("x", Comparison.LIKE, "%1%")) == ["aB"]
        assert names(tag("y' OR 1=1 --", Comparison.EQUAL, "1")) == []


class TestVersions:
    def test_searches(self, database: Database):
        version(database, tags={"x": "1"}, updated_at=later(1))
        version(database, tags={}, updated_at=later(3), run_id=None)
        version(database, "n", tags={"x": "2"}, updated_at=later(2))
        add(database, "p", tags={PROMPT_TAG: "true"})
        version(database, "p")

        def ids(*conditions, **asked):
            search = ModelSearch(conditions=conditions, **{"limit": 9, **asked})
            found = database.read(lambda s: s.models.search("w1", search))
            assert all(one.files == () for one in found)
            return [one.id for one in found]

        assert ids() == ["m:2", "n:1", "m:1"]
        assert ids(prompts=True) == ["m:2", "n:1", "m:1", "p:1"]
        assert ids(limit=1, offset=1) == ["n:1"]
        assert ids(field(ModelField.VERSION, Comparison.GREATER, 1.0)) == ["m:2"]
        assert ids(field(ModelField.RUN_ID, Comparison.IN, ("r1",))) == ["n:1", "m:1"]
        assert ids(field(ModelField.UPDATED, Comparison.GREATER, 0.0), limit=1) == ["m:2"]
        assert ids(tag("x", Comparison.EQUAL, "1")) == ["m:1"]
        assert ids(order=[OrderKey(Subject.FIELD, ModelField.VERSION)]) == ["m:1", "n:1", "m:2"]

    def test_finds_the_newest_of_each_stage(self, database: Database):
        for stage in (ModelStage.NONE, ModelStage.STAGING, ModelStage.NONE):
            version(database, stage=stage)
        version(database, "n", stage=ModelStage.PRODUCTION)

        found = database.read(lambda s: s.models.newest_by_stage("w1", ["m", "n", "o"]))
        assert [(one.id, one.stage) for one in found] == [
            ("m:3", "None"),
            ("m:2", "Staging"),
            ("n:1", "Production"),
        ]
        there = database.read(lambda s: s.models.in_stage("w1", "m", ModelStage.NONE))
        assert [one.version for one in there] == [1, 3]

    def test_removing_one_removes_its_aliases(self, database: Database):
        first = version(database)
        present = registered(aliases={"a": 1}, last_version=1)
        database.write(lambda s: s.registered_models.save(present))
        database.write(lambda s: s.models.remove(first))

        assert database.read(lambda s: s.registered_models.get("w1", "m")).aliases == {}
