import pytest
from zaffre.domain.errors import NotFoundError

from contract.stores.conftest import Database
from contract.stores.entities import later, snapshot


class TestSnapshotStore:
    def test_gives_back_what_was_added(self, database: Database):
        database.write(lambda s: s.snapshots.add(snapshot()))
        database.write(lambda s: s.snapshots.add(snapshot("s2", files=())))

        assert database.read(lambda s: s.snapshots.get("w1", "s1")) == snapshot()
        assert database.read(lambda s: s.snapshots.get("w1", "s2")).files == ()

    def test_keeps_the_first_of_two_equal_ones(self, database: Database):
        database.write(lambda s: s.snapshots.add(snapshot()))
        database.write(lambda s: s.snapshots.add(snapshot(created_at=later(5))))

        assert database.read(lambda s: s.snapshots.get("w1", "s1")) == snapshot()

    def test_hides_the_snapshots_of_other_workspaces(self, database: Database):
        database.write(lambda s: s.snapshots.add(snapshot()))

        with pytest.raises(NotFoundError) as caught:
            database.read(lambda s: s.snapshots.get("w2", "s1"))
        assert caught.value.code == "SnapshotNotFound"

    def test_knows_the_blobs_that_a_workspace_sent(self, database: Database):
        digests = [f"{n:064x}" for n in range(1200)]

        def send(s):
            for size, digest in enumerate(digests[:1100]):
                s.snapshots.add_blob("w1", digest, size)
            s.snapshots.add_blob("w1", digests[0], 0)
            s.snapshots.add_blob("w2", digests[1150], 9)

        database.write(send)
        known = database.read(lambda s: s.snapshots.known_blobs("w1", iter(digests)))

        assert known == {digest: size for size, digest in enumerate(digests[:1100])}
        assert database.read(lambda s: s.snapshots.known_blobs("w1", [])) == {}
