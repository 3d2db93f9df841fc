import pytest
from zaffre.domain.errors import NotFoundError

from contract.stores.conftest import Database
from contract.stores.entities import artifact, later, run

PATHS = ["logs/a", "outputs", "outputs/a", "outputs/b/c", "outputs2/x", "é\U0010ffff/z"]


class TestArtifactStore:
    def test_gives_back_what_was_put(self, database: Database):
        database.write(lambda s: s.artifacts.put("w1", artifact()))

        assert database.read(lambda s: s.artifacts.get("w1", "r1", "outputs/a")) == artifact()

    def test_replaces_the_one_at_its_path(self, database: Database):
        changed = artifact(digest="e" * 64, size=0, created_at=later(1))
        database.write(lambda s: s.artifacts.put("w1", artifact()))
        database.write(lambda s: s.artifacts.put("w1", changed))

        assert database.read(lambda s: s.artifacts.list("w1", "r1", prefix="", limit=9)) == [
            changed
        ]

    @pytest.mark.parametrize(
        ("workspace", "run_id", "path"),
        [("w2", "r1", "outputs/a"), ("w1", "r2", "outputs/a"), ("w1", "r1", "outputs/A")],
    )
    def test_misses_what_is_not_there(self, database: Database, workspace, run_id, path):
        database.write(lambda s: s.artifacts.put("w1", artifact()))

        with pytest.raises(NotFoundError) as caught:
            database.read(lambda s: s.artifacts.get(workspace, run_id, path))
        assert caught.value.code == "ArtifactNotFound"

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("", PATHS),
            ("outputs", PATHS[1:5]),
            ("outputs/", PATHS[2:4]),
            ("outputs/b", ["outputs/b/c"]),
            ("outputs/b/c", ["outputs/b/c"]),
            ("é\U0010ffff", PATHS[5:]),
            ("\U0010ffff", []),
            ("\ud7ff", []),
            ("%", []),
            ("Outputs", []),
        ],
    )
    def test_lists_pages_below_a_prefix(self, database: Database, prefix: str, expected):
        def fill(s):
            s.runs.add(run("r2"))
            s.artifacts.put("w1", artifact("outputs/foreign", run_id="r2"))
            for path in reversed(PATHS):
                s.artifacts.put("w1", artifact(path))

        database.write(fill)
        found, after = [], None
        while page := database.read(
            lambda s, after=after: s.artifacts.list(
                "w1", "r1", prefix=prefix, limit=2, after=after
            )
        ):
            found += [one.path for one in page]
            after = found[-1]

        assert found == expected
