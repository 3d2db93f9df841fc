from datetime import UTC, datetime, timedelta

from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec, Kept
from zaffre.domain.runs import RunState
from zaffre.domain.workspaces import Workspace
from zaffre.services.environment_pruning import EnvironmentPruner, Pruning, Used, candidates

from services.conftest import ALICE, Desk

NOW = datetime(2030, 1, 10, tzinfo=UTC)


def kept(key: str, *, days: float, size: int = 10) -> Kept:
    used = NOW - timedelta(days=days)
    return Kept(
        key=key,
        python=f"/{key}/bin/python",
        packages=(),
        size=size,
        built_at=used,
        used_at=used,
    )


ALL = [kept("new", days=0), kept("a", days=1), kept("b", days=2), kept("c", days=9)]


def chosen(pruning: Pruning, *, busy: str = "") -> str:
    used = [Used(one, ("run r",) if one.key == busy else ()) for one in ALL]
    return " ".join(one.kept.key for one in candidates(used, pruning, now=NOW))


def test_by_age_and_size_and_never_what_is_used():
    assert chosen(Pruning()) == "a b c"
    assert chosen(Pruning(unused_seconds=86_400 * 2)) == "b c"
    assert chosen(Pruning(keep_bytes=20)) == "b c"
    assert chosen(Pruning(keep_bytes=0, unused_seconds=86_400 * 5)) == "c"
    assert chosen(Pruning(), busy="b") == "a c"


class Folders:
    """What lies on a machine, and what was asked to go."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def everything(self) -> list[Kept]:
        return ALL

    async def used_by_processes(self) -> dict[str, list[str]]:
        return {"/c/bin/python": ["process 7"]}

    async def remove(self, keys, *, unused_since: datetime) -> list[str]:
        assert unused_since == NOW - timedelta(seconds=60)
        self.asked = list(keys)
        return self.asked[:1]


class Logs:
    def __init__(self) -> None:
        self.removed: list[tuple[str, str]] = []

    async def remove(self, owner: tuple[str, str]) -> None:
        self.removed.append(owner)


def test_runs_and_processes_use_environments(desk: Desk, workspace: Workspace):
    folders, logs = Folders(), Logs()
    pruner = EnvironmentPruner(desk.work, folders, logs)
    queued = desk.script(workspace, id="r")
    run = desk.write(lambda s: s.attempts.move(queued, state=RunState.PREPARING))
    built = BuiltEnvironment(python="/a/bin/python")
    desk.write(lambda s: s.attempts.begin(run, built, variables={}))
    build = desk.write(
        lambda s: s.environment_builds.start(workspace.id, "AzureML-Minimal", caller=ALICE)
    )
    made = BuiltEnvironment(python="/b/bin/python")
    desk.write(lambda s: s.environment_builds.finish(build, built=made))

    used = desk.runner.run(pruner.everything())
    assert [one.by for one in used] == [(), ("run r",), (), ("process 7",)]
    told = desk.runner.run(pruner.prune(Pruning(), now=NOW, dry_run=True))
    assert ([one.kept.key for one in told], folders.asked) == (["b"], [])
    gone = desk.runner.run(pruner.prune(Pruning(), now=NOW, dry_run=False))
    assert ([one.kept.key for one in gone], folders.asked) == (["b"], ["b"])
    assert logs.removed == [(workspace.id, build.id)]
    assert EnvironmentSpec() == run.spec.environment
