import pytest
from zaffre.domain.errors import ConflictError

from contract.stores.conftest import Database
from contract.stores.entities import environment


class TestEnvironmentStore:
    def test_finds_a_version_or_the_newest(self, database: Database):
        for version in ("9", "10", "2"):
            added = environment(version=version)
            database.write(lambda s, added=added: s.environments.add(added))

        def find(version, name="env", workspace="w1"):
            return database.read(lambda s: s.environments.find(workspace, name, version))

        assert find("10") == environment(version="10")
        assert find(None) == environment(version="2")
        assert find("3") is find(None, "other") is find(None, workspace="w2") is None

    def test_refuses_a_version_twice(self, database: Database):
        database.write(lambda s: s.environments.add(environment()))

        with pytest.raises(ConflictError, match="`env`") as caught:
            database.write(lambda s: s.environments.add(environment()))
        assert caught.value.code == "EnvironmentExists"

    def test_lists_the_newest_of_each_by_name(self, database: Database):
        for name, version in (("b", "1"), ("a", "1"), ("b", "2"), ("C", "1")):
            added = environment(name, version)
            database.write(lambda s, added=added: s.environments.add(added))

        found = database.read(lambda s: s.environments.list("w1"))

        assert [(e.name, e.version) for e in found] == [("C", "1"), ("a", "1"), ("b", "2")]
        assert database.read(lambda s: s.environments.list("w2")) == []
