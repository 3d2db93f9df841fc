from dataclasses import replace
from typing import Any

import pytest
from zaffre.domain.datastores import CredentialKind, Datastore, DatastoreKind

from contract.stores.conftest import Database
from contract.stores.entities import ODD, TIME, later, workspace


def datastore(name: str = "lake", **fields: Any) -> Datastore:
    whole = Datastore(
        workspace_id="w1",
        name=name,
        kind=DatastoreKind.S3,
        settings={"bucket_name": ODD},
        credential_kind=CredentialKind.ACCESS_KEY,
        sealed=b"\x01\x00sealed",
        description=ODD,
        tags={"k": ODD},
        created_by="alice",
        created_at=TIME,
        updated_at=later(1),
    )
    return replace(whole, **fields)


class TestDatastoreStore:
    @pytest.fixture(autouse=True)
    def _filled(self, database: Database):
        database.write(lambda s: s.datastores.put(datastore()))

    def test_gives_back_what_was_put(self, database: Database):
        assert database.read(lambda s: s.datastores.find("w1", "lake")) == datastore()

    def test_replaces_the_one_of_its_name(self, database: Database):
        other = datastore(kind=DatastoreKind.DBFS, settings={}, sealed=b"", tags={})
        database.write(lambda s: s.datastores.put(other))
        assert database.read(lambda s: s.datastores.list("w1")) == [other]

    def test_hides_those_of_other_workspaces(self, database: Database):
        database.write(lambda s: s.datastores.put(datastore("bee", workspace_id="w2")))
        database.write(lambda s: s.datastores.put(datastore("bee")))
        assert database.read(lambda s: s.datastores.find("w2", "lake")) is None
        assert [d.name for d in database.read(lambda s: s.datastores.list("w1"))] == [
            "bee",
            "lake",
        ]

    def test_removes_one(self, database: Database):
        database.write(lambda s: s.datastores.remove("w2", "lake"))
        assert database.read(lambda s: s.datastores.list("w1")) == [datastore()]
        database.write(lambda s: s.datastores.remove("w1", "lake"))
        database.write(lambda s: s.datastores.remove("w1", "lake"))
        assert database.read(lambda s: s.datastores.list("w1")) == []

    def test_knows_the_default_one(self, database: Database):
        assert database.read(lambda s: s.datastores.default("w1")) == ""
        database.write(lambda s: s.datastores.set_default("w1", "lake"))
        assert database.read(lambda s: s.datastores.default("w1")) == "lake"
        assert database.read(lambda s: s.datastores.default("w2")) == ""
        assert database.read(lambda s: s.datastores.default("none")) == ""

    def test_goes_with_its_workspace(self, database: Database):
        database.write(lambda s: s.datastores.put(datastore("bee", workspace_id="w2")))
        database.write(lambda s: s.workspaces.remove(workspace("w2")))
        assert database.read(lambda s: s.datastores.list("w2")) == []
