from dataclasses import replace

import pytest
from zaffre.domain.endpoints import AuthMode, EndpointState
from zaffre.domain.errors import ConflictError, NotFoundError

from contract.stores.conftest import Database
from contract.stores.entities import endpoint, later

KEYS = ("primary", "secondary")


class TestEndpointStore:
    @pytest.fixture(autouse=True)
    def _filled(self, database: Database):
        database.write(lambda s: s.endpoints.add(endpoint(), KEYS))

    def test_gives_back_what_was_added(self, database: Database):
        assert database.read(lambda s: s.endpoints.get("w1", "answer")) == endpoint()
        assert database.read(lambda s: s.endpoints.find("w1", "answer")) == endpoint()
        assert database.read(lambda s: s.endpoints.keys(endpoint())) == KEYS

    def test_refuses_the_same_name_in_a_workspace(self, database: Database):
        with pytest.raises(ConflictError, match="`answer`") as caught:
            database.write(lambda s: s.endpoints.add(endpoint(id="other"), ("a", "b")))

        assert caught.value.code == "EndpointExists"
        assert database.read(lambda s: s.endpoints.keys(endpoint())) == KEYS

    def test_hides_the_endpoints_of_other_workspaces(self, database: Database):
        with pytest.raises(NotFoundError) as caught:
            database.read(lambda s: s.endpoints.get("w2", "answer"))
        assert caught.value.code == "EndpointNotFound"
        assert database.read(lambda s: s.endpoints.find("w2", "answer")) is None

    def test_lists_by_name_those_of_one_or_all_workspaces(self, database: Database):
        def more(s):
            s.endpoints.add(endpoint("zoo"), KEYS)
            s.endpoints.add(endpoint("bee", workspace_id="w2"), KEYS)

        database.write(more)

        def names(workspace_id):
            found = database.read(lambda s: s.endpoints.list(workspace_id))
            return [one.name for one in found]

        assert names("w1") == ["answer", "zoo"]
        assert names(None) == ["answer", "bee", "zoo"]

    def test_saves_what_can_change(self, database: Database):
        changed = replace(
            endpoint(),
            auth_mode=AuthMode.NONE,
            spec=replace(endpoint().spec, replicas=3),
            state=EndpointState.HEALTHY,
            error=None,
            generation=4,
            port=None,
            tags={},
            properties={},
            description="",
            updated_at=later(9),
        )

        database.write(lambda s: s.endpoints.save(changed))

        assert database.read(lambda s: s.endpoints.get("w1", "answer")) == changed
        with pytest.raises(NotFoundError):
            database.write(lambda s: s.endpoints.save(endpoint("none")))

    def test_replaces_both_keys(self, database: Database):
        database.write(lambda s: s.endpoints.set_keys(endpoint(), ("new", "old")))

        assert database.read(lambda s: s.endpoints.keys(endpoint())) == ("new", "old")

    def test_removes_it_with_its_keys(self, database: Database):
        database.write(lambda s: s.endpoints.remove(endpoint()))

        assert database.read(lambda s: s.endpoints.list("w1")) == []
        with pytest.raises(NotFoundError):
            database.read(lambda s: s.endpoints.keys(endpoint()))
