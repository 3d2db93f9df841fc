from contract.stores.conftest import Database
from contract.stores.entities import token


class TestTokenStore:
    def test_finds_what_was_added(self, database: Database):
        owner = token("o" * 64, workspace_id=None, run_id=None, attempt=0)
        database.write(lambda s: (s.tokens.add(token()), s.tokens.add(owner)))

        assert database.read(lambda s: s.tokens.find("t" * 64)) == token()
        assert database.read(lambda s: s.tokens.find("o" * 64)) == owner
        assert database.read(lambda s: s.tokens.find("T" * 64)) is None

    def test_removes_those_of_one_run(self, database: Database):
        def fill(s):
            s.tokens.add(token())
            s.tokens.add(token("u" * 64, attempt=3))
            s.tokens.add(token("v" * 64, run_id="r2"))
            s.tokens.add(token("w" * 64, workspace_id="w2"))

        database.write(fill)
        database.write(lambda s: s.tokens.remove_of_run("w1", "r1"))

        left = [database.read(lambda s, d=d: s.tokens.find(d * 64)) for d in "tuvw"]
        assert [one is None for one in left] == [True, True, False, False]
