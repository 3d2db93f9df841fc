from contract.stores.conftest import Database
from contract.stores.entities import answer, later


class TestIdempotencyStore:
    def test_finds_what_was_added(self, database: Database):
        database.write(lambda s: s.answers.add(answer()))

        assert database.read(lambda s: s.answers.find("alice", "key")) == answer()
        assert database.read(lambda s: s.answers.find("bob", "key")) is None
        assert database.read(lambda s: s.answers.find("alice", "other")) is None

    def test_forgets_what_is_older(self, database: Database):
        def fill(s):
            for seconds in range(5):
                s.answers.add(answer(f"{seconds}", created_at=later(seconds)))

        database.write(fill)

        assert database.write(lambda s: s.answers.remove_before(later(3))) == 3
        left = [
            n for n in range(5) if database.read(lambda s, n=n: s.answers.find("alice", f"{n}"))
        ]
        assert left == [3, 4]
