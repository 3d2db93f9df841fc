import asyncio
from dataclasses import replace

import pytest
from zaffre.domain.errors import InvalidError, NotFoundError

from contract.stores.conftest import Database
from contract.stores.entities import FILES, model


def add(database: Database, name: str = "m", **fields):
    return database.write(lambda s: s.models.add(model(name, **fields)))


class TestModelStore:
    def test_gives_back_what_was_added(self, database: Database):
        added = add(database)

        assert added == replace(model(), id="m:1", version=1)
        assert database.read(lambda s: s.models.get("w1", "m:1")) == added
        assert database.read(lambda s: s.models.find("w1", "m", 1)) == added

    def test_counts_versions_for_each_name_and_workspace(self, database: Database):
        ids = [add(database, name).id for name in ("m", "m", "n", "m")]

        assert ids == ["m:1", "m:2", "n:1", "m:3"]
        assert add(database, workspace_id="w2").id == "m:1"

    def test_does_not_give_a_number_again(self, database: Database):
        add(database)
        removed = add(database)
        database.write(lambda s: s.models.remove(removed))

        assert add(database).version == 3
        assert database.read(lambda s: s.models.find("w1", "m", 2)) is None
        with pytest.raises(NotFoundError) as caught:
            database.read(lambda s: s.models.get("w1", "m:2"))
        assert caught.value.code == "ModelNotFound"

    def test_gives_no_number_to_what_was_rolled_back(self, database: Database):
        def fail(s):
            s.models.add(model())
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            database.write(fail)
        assert add(database).version == 1

    @pytest.mark.parametrize("model_id", ["m", "m:", "m:01", "m:2", "M:1", "m:1:1", ":1", ""])
    def test_misses_what_is_not_there(self, database: Database, model_id: str):
        add(database)
        with pytest.raises(NotFoundError):
            database.read(lambda s: s.models.get("w1", model_id))

    def test_finds_the_newest(self, database: Database):
        for _ in range(3):
            add(database)
        database.write(lambda s: s.models.remove(s.models.get("w1", "m:3")))

        assert database.read(lambda s: s.models.find("w1", "m", None)).version == 2
        assert database.read(lambda s: s.models.find("w1", "n", None)) is None

    def test_lists_pages_newest_first(self, database: Database):
        for name, run_id in (("m", "r1"), ("n", "r2"), ("m", None), ("o", "r1"), ("m", "r1")):
            add(database, name, run_id=run_id, files=FILES[:1])

        def ids(**asked):
            found = database.read(lambda s: s.models.list("w1", **{"limit": 9, **asked}))
            assert all(one.files == FILES[:1] for one in found)
            return [one.id for one in found]

        assert ids() == ["m:3", "o:1", "m:2", "n:1", "m:1"]
        assert ids(limit=2, after="o:1") == ["m:2", "n:1"]
        assert ids(name="m") == ["m:3", "m:2", "m:1"]
        assert ids(run_id="r1") == ["m:3", "o:1", "m:1"]
        assert ids(newest_only=True) == ["m:3", "o:1", "n:1"]
        assert ids(newest_only=True, name="m") == ["m:3"]
        assert ids(name="none") == []
        with pytest.raises(InvalidError):
            ids(after="m:9")

    def test_saves_what_can_change(self, database: Database):
        changed = replace(add(database), tags={}, properties={"x": "y"}, description="z")
        add(database)

        database.write(lambda s: s.models.save(changed))

        assert database.read(lambda s: s.models.get("w1", "m:1")) == changed
        assert database.read(lambda s: s.models.get("w1", "m:2")).tags == model().tags
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.models.save(replace(changed, id="m:9")))

    def test_r18_concurrent_registrations_count_without_gaps(self, database: Database):
        async def register(client: int) -> list[int]:
            return [
                (
                    await database.transactions.write(
                        lambda s: s.models.add(model(created_by=f"{client}", files=FILES[:1]))
                    )
                ).version
                for _ in range(10)
            ]

        async def all_clients() -> list[list[int]]:
            return await asyncio.gather(*(register(client) for client in range(64)))

        given = database.runner.run(all_clients())

        assert sorted(version for one in given for version in one) == list(range(1, 641))
        assert all(one == sorted(one) for one in given)
        stored = database.read(lambda s: s.models.list("w1", limit=1000))
        assert [one.version for one in stored] == list(range(640, 0, -1))
