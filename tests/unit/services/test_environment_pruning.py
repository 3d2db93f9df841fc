from datetime import UTC, datetime, timedelta

from zaffre.domain.computes import Compute, ComputeKind
from zaffre.domain.endpoints import AuthMode, DeploymentSpec, EndpointKind
from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec, Image, Kept
from zaffre.domain.runs import RunState
from zaffre.domain.workspaces import Workspace
from zaffre.services.endpoints import NewEndpoint
from zaffre.services.environment_pruning import (
    EnvironmentPruner,
    Limits,
    Pruning,
    Used,
    candidates,
)
from zaffre.services.runs import NewRun

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


class All(Folders):
    """Everything goes that is asked for, and nothing works in it."""

    async def used_by_processes(self) -> dict[str, list[str]]:
        return {}

    async def remove(self, keys, *, unused_since: datetime) -> list[str]:
        assert unused_since < NOW
        self.asked += keys
        return list(keys)


def tidied(desk: Desk, limits: Limits) -> str:
    folders = All()
    pruner = EnvironmentPruner(desk.work, folders, Logs())
    removed = desk.runner.run(pruner.tidy(limits, now=NOW))
    assert [one.kept.key for one in removed] == folders.asked
    return " ".join(folders.asked)


def test_by_itself_what_is_old_goes_and_the_oldest_while_all_take_too_much(desk: Desk):
    day = 86_400.0
    assert tidied(desk, Limits()) == ""
    assert tidied(desk, Limits(unused_seconds=5 * day)) == "c"
    assert tidied(desk, Limits(keep_bytes=20)) == "b c"
    assert tidied(desk, Limits(keep_bytes=1)) == "a b c"  # what was used just now stays


def test_who_will_ask_for_an_environment_uses_it(desk: Desk, workspace: Workspace):
    """Runs that wait, endpoints and instances name what they need by its specification."""
    asked: list[EnvironmentSpec] = []

    async def locate(spec: EnvironmentSpec) -> str | None:
        asked.append(spec)
        return {(): "/a/bin/python", ("jupyterlab",): "/b/bin/python"}.get(spec.pip_packages)

    jupyter = EnvironmentSpec(pip_packages=("jupyterlab",))
    instance = Compute(
        workspace_id=workspace.id,
        name="mine",
        kind=ComputeKind.INSTANCE,
        created_by="alice",
        created_at=NOW,
        updated_at=NOW,
    )
    runs = [desk.script(workspace, id=name) for name in ("r1", "r2")]
    desk.write(lambda s: s.stores.computes.put(instance))
    pruner = EnvironmentPruner(desk.work, All(), Logs(), locate=locate, instances=jupyter)
    used = desk.runner.run(pruner.everything())
    waiting = tuple(f"run {run.id}" for run in runs)
    assert [one.by for one in used] == [(), waiting, ("instance mine",), ()]
    assert asked == [EnvironmentSpec(), jupyter]
    gone = desk.runner.run(pruner.tidy(Limits(unused_seconds=1.0), now=NOW))
    assert [one.kept.key for one in gone] == ["c"]


def test_a_run_that_begins_while_somebody_looks_is_seen(desk: Desk, workspace: Workspace):
    """It is known first by what it will ask for, and then by what it got."""
    queued = desk.script(workspace, id="r")
    run = desk.write(lambda s: s.attempts.move(queued, state=RunState.PREPARING))
    built = BuiltEnvironment(python="/a/bin/python")

    class Begins:
        """The run begins when something was read for the first time."""

        def __init__(self) -> None:
            self.reads = 0

        async def read(self, use):
            found = await desk.work.read(use)
            self.reads += 1
            if self.reads == 1:
                await desk.work.write(lambda s: s.attempts.begin(run, built, variables={}))
            return found

    async def locate(_spec: EnvironmentSpec) -> str | None:
        return "/a/bin/python"

    used = desk.runner.run(EnvironmentPruner(Begins(), All(), Logs(), locate=locate).everything())
    assert [who for one in used for who in one.by] == ["run r"]


def test_what_is_asked_for_is_located_once_where_it_will_be_made(desk: Desk, workspace: Workspace):
    """Variables are no other environment, and services never execute in images."""
    asked: list[tuple[str, EnvironmentSpec]] = []

    async def locate(spec: EnvironmentSpec) -> str | None:
        asked.append(("run", spec))
        return None

    async def here(spec: EnvironmentSpec) -> str | None:
        asked.append(("service", spec))
        return "/a/bin/python"

    for number in ("1", "2"):
        spec = desk.script_spec(workspace, environment=EnvironmentSpec(variables={"N": number}))
        new = NewRun(experiment_name="exp", spec=spec)
        desk.write(lambda s, new=new: s.runs.create(workspace.id, new, caller=ALICE))
    image = EnvironmentSpec(image=Image(name="python:3.11"))
    deployed = DeploymentSpec(
        entry_script="score.py",
        snapshot_id=desk.snapshot(workspace, "score.py").id,
        model_ids=(),
        environment=image,
    )
    service = NewEndpoint(name="svc", kind=EndpointKind.ACI, auth_mode=AuthMode.KEY, spec=deployed)
    desk.write(lambda s: s.endpoints.create(workspace.id, service, caller=ALICE))
    pruner = EnvironmentPruner(desk.work, All(), Logs(), locate=locate, here=here)
    used = desk.runner.run(pruner.everything())
    assert asked == [("run", EnvironmentSpec()), ("service", image)]
    assert {one.kept.python: one.by for one in used}["/a/bin/python"] == ("endpoint svc",)
