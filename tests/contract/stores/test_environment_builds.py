from dataclasses import replace
from datetime import UTC, datetime

from zaffre.domain.environments import (
    BuildState,
    BuiltEnvironment,
    EnvironmentBuild,
    EnvironmentFile,
)

from contract.stores.conftest import Database

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def build(build_id: str, *, workspace: str = "w1", version: str = "1", **said) -> EnvironmentBuild:
    asked = {"state": BuildState.QUEUED, "created_at": AT} | said
    return EnvironmentBuild(
        workspace_id=workspace, id=build_id, name="env", version=version, **asked
    )


class TestEnvironmentBuildStore:
    def test_gives_back_what_was_saved_and_lists_the_newest_first(self, database: Database):
        added = [build("a"), build("b", version="2"), build("c"), build("d", workspace="w2")]
        for one in added:
            database.write(lambda s, one=one: s.environment_builds.add(one))
        built = BuiltEnvironment(python="/p", packages=("six==1",), variables={"A": "b"})
        done = replace(added[0], state=BuildState.SUCCEEDED, ended_at=AT, built=built)
        database.write(lambda s: s.environment_builds.save(done))

        def newest(limit: int):
            return database.read(
                lambda s: s.environment_builds.newest("w1", "env", version="1", limit=limit)
            )

        assert newest(5) == [added[2], done]
        assert newest(1) == [added[2]]
        assert database.read(lambda s: s.environment_builds.find("w1", "a")) == done
        assert database.read(lambda s: s.environment_builds.find("w2", "a")) is None
        assert database.read(lambda s: s.environment_builds.open()) == added[1:]
        assert database.read(lambda s: s.environment_builds.ended()) == [done]
        database.write(lambda s: s.environment_builds.remove(done))
        assert newest(5) == [added[2]]


class TestEnvironmentFiles:
    def test_what_is_there_stays_and_bytes_have_a_name(self, database: Database):
        def file(path: str, digest: str) -> EnvironmentFile:
            return EnvironmentFile(
                workspace_id="w1", path=path, digest=digest * 32, size=3, created_at=AT
            )

        kept = [file("wheels/b", "bb"), file("wheels/a", "aa"), file("sha256/x", "cc")]
        for one in [*kept, file("wheels/a", "dd")]:
            database.write(lambda s, one=one: s.environments.keep(one))
        found = database.read(lambda s: s.environments.files("w1", "wheels"))
        assert found == [kept[1], kept[0]]
        assert database.read(lambda s: s.environments.file("w1", "sha256/x")) == kept[2]
        assert database.read(lambda s: s.environments.file("w2", "sha256/x")) is None
        asked = ["aa" * 32, "cc" * 32, "dd" * 32]
        assert database.write(lambda s: s.doomed.give_up(asked)) == ["dd" * 32]

    def test_a_label_points_at_one_version(self, database: Database):
        def label(version: str, *labels: str) -> None:
            database.write(
                lambda s: s.environments.label("w1", "env", version=version, labels=labels)
            )

        label("1", "prod", "old")
        label("2", "prod")
        found = [
            database.read(lambda s, label=label: s.environments.labeled("w1", "env", label))
            for label in ("prod", "old", "none")
        ]
        assert found == ["2", "1", None]
