"""Jobs that are asked for, seen and removed, in a cluster that has no nodes."""

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kube import TOKEN, FakeCluster, fake_cluster
from zaffre.adapters.launchers.elsewhere.parcel import Packer
from zaffre.adapters.launchers.elsewhere.shelf import Shelf
from zaffre.adapters.launchers.kubernetes.api import ApiRefusedError, KubernetesApi
from zaffre.adapters.launchers.kubernetes.boards import Boards
from zaffre.adapters.launchers.kubernetes.clusters import KubernetesClusters
from zaffre.adapters.launchers.kubernetes.kubeconfig import Accesses, read_kubeconfig
from zaffre.adapters.launchers.kubernetes.launcher import KubernetesLauncher
from zaffre.adapters.launchers.kubernetes.settings import PodSettingsError, Reach
from zaffre.domain.computes import Compute, ComputeError, ComputeKind, ComputeState
from zaffre.domain.environments import EnvironmentSpec
from zaffre.ports.clusters import ClusterTarget
from zaffre.ports.launchers import ComputePlace, OutOfReachError, RunnerOrder

SERVER = "https://zaffre.example.org"
CREATED = datetime(2024, 5, 1, tzinfo=UTC)


class Wheel(NamedTuple):
    path: Path
    version: str = "0.1.0"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    yield from fake_cluster(tmp_path / "cluster", namespaces=("default", "ml"))


class There:
    """A launcher and what looks at clusters, over one cluster."""

    def __init__(self, home: Path, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.home = home
        self.now = 100.0
        self.settings: dict[str, Any] = {}
        self.patience = 60.0
        wheel = home / "zaffre_sdk-0.1.0-py3-none-any.whl"
        wheel.write_bytes(b"sdk")
        self.shelf = Shelf(home / "parcels")
        self.packer = Packer(lambda: Wheel(wheel), {})

    def run(self, use: Callable[["There"], Awaitable[None]]) -> None:
        async def scenario() -> None:
            accesses = Accesses(self.home / "kubernetes", {})
            self.boards = Boards("s1")
            reach = Reach(SERVER, frozenset({"zaffre.example.org"}))
            self.launcher = KubernetesLauncher(
                self.home,
                accesses=accesses,
                boards=self.boards,
                server="s1",
                reach=reach,
                packer=self.packer,
                shelf=self.shelf,
                find=self._find,
                patience=self.patience,
            )
            self.clusters = KubernetesClusters(
                accesses, self.boards, reach, monotonic=lambda: self.now
            )
            try:
                await use(self)
            finally:
                await self.boards.close()

        asyncio.run(scenario())

    def order(self, attempt: int = 1, **place: Any) -> RunnerOrder:
        return RunnerOrder(
            workspace_id="w",
            run_id="exp_1",
            attempt=attempt,
            token="zrt_secret",  # noqa: S106 (of nothing)
            server_url="http://127.0.0.1:1",
            python=sys.executable,
            place=self.place(**place),
        )

    def place(self, **said: Any) -> ComputePlace:
        return ComputePlace(
            kind=ComputeKind.KUBERNETES,
            name="pods",
            settings=self.settings,
            credential={"kubeconfig": self.cluster.kubeconfig()},
            **said,
        )

    async def look(
        self, *attempts: tuple[str, int], state: ComputeState = ComputeState.SUCCEEDED
    ) -> ComputeError | None:
        compute = Compute(
            workspace_id="w",
            name="pods",
            kind=ComputeKind.KUBERNETES,
            settings=self.settings,
            state=state,
            created_at=CREATED,
            updated_at=CREATED,
        )
        credential = {"kubeconfig": self.cluster.kubeconfig()}
        target = ClusterTarget(
            compute=compute,
            credential=credential,
            is_idle=not attempts,
            attempts=frozenset(attempts),
        )
        return await self.clusters.look(target)

    async def forgotten(self) -> None:
        """Let what was seen be seen anew."""
        for seen in self.boards._seen.values():
            seen.at = 0.0

    async def _find(self, _workspace: str, _name: str) -> ComputePlace:
        return self.place()


@pytest.fixture
def there(tmp_path: Path, cluster: FakeCluster) -> There:
    return There(tmp_path, cluster)


def test_the_token_is_in_a_secret_that_goes_with_the_job(there: There):
    async def use(there: There) -> None:
        there.settings = {"namespace": "ml"}
        wheels = {"my_package-1.0-py3-none-any.whl": "a" * 64}
        environment = EnvironmentSpec(wheels=wheels)
        order = there.order(packages=("six==1.16.0",), environment=environment)
        handle = await there.launcher.launch(order)
        assert json.loads(json.dumps(handle)) == handle
        job = there.cluster.jobs[handle["job"]]
        assert job["metadata"]["namespace"] == "ml"
        assert "zrt_secret" not in json.dumps(job) + json.dumps(handle)
        secret = there.cluster.kept["secrets"][handle["job"]]
        assert secret["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
        told = json.loads(base64.b64decode(secret["data"]["order.json"]))
        assert (told["token"], told["server_url"]) == ("zrt_secret", SERVER)
        assert told["wanted"]["packages"] == ["six==1.16.0"]
        assert set(secret["data"]) == {"order.json", "start.py", "agent.json"}
        wanted = told["wanted"]
        assert all(there.shelf.find(one) for one in (wanted["sdk"]["digest"], wanted["uv"]))
        # What is private to the workspace is answered to its runs alone, and not laid there.
        assert [one["digest"] for one in wanted["wheels"]] == list(wheels.values())
        assert not there.shelf.find("a" * 64)

    there.run(use)


def test_a_job_that_is_asked_for_twice_is_one(there: There):
    async def use(there: There) -> None:
        there.cluster.is_lossy = True
        first = await there.launcher.launch(there.order())
        again = await there.launcher.launch(there.order())
        assert first == again
        assert len(there.cluster.jobs) == len(there.cluster.pods) == 1
        labels = there.cluster.jobs[first["job"]]["metadata"]["labels"]
        labels["zaffre/attempt"] = "9"
        with pytest.raises(OSError, match="Somebody else's"):
            await there.launcher.launch(there.order())

    there.run(use)


def test_a_cluster_that_refuses_says_why(there: There):
    async def use(there: There) -> None:
        there.settings = {"namespace": "nowhere"}
        with pytest.raises(OSError, match='404: namespaces "nowhere" not found'):
            await there.launcher.launch(there.order())
        there.settings = {"instance_types": {"a": {}}}
        with pytest.raises(PodSettingsError, match="no instance type `b`"):
            await there.launcher.launch(there.order(instance_type="b"))
        assert not there.cluster.jobs

    there.run(use)


def test_a_cluster_that_is_away_is_waited_for(there: There, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zaffre.adapters.launchers.kubernetes.jobs._TRY_SECONDS", 0.0)

    async def use(there: There) -> None:
        handle = await there.launcher.launch(there.order())
        there.cluster.is_away = True
        await there.forgotten()
        with pytest.raises(OutOfReachError, match="does not answer"):
            await there.launcher.launch(there.order(2))
        # Nobody can tell how the run goes, and it is not ended for that.
        assert await there.launcher.is_alive(handle) is True
        assert (await there.launcher.account(handle)).waits, "it keeps its turn there"
        there.launcher._patience.seconds = 0.0
        assert await there.launcher.is_alive(handle) is False
        assert "out of reach" in (await there.launcher.account(handle)).ending
        await there.launcher.stop("w", "exp_1", handle)
        there.cluster.is_away = False
        await there.forgotten()
        assert await there.launcher.is_alive(handle) is True

    there.run(use)


def test_a_secret_that_is_refused_leaves_no_job(there: There):
    async def use(there: There) -> None:
        name = (await there.launcher.launch(there.order()))["job"]
        there.cluster.kept["secrets"][name]["metadata"]["labels"] = {}
        with pytest.raises(OSError, match="Somebody else's"):
            await there.launcher.launch(there.order())
        deleted = [path for method, path in there.cluster.asked if method == "DELETE"]
        assert [path.rpartition("/")[2] for path in deleted] == [name]

    there.run(use)


def test_what_opens_a_cluster_is_forgotten_with_it(there: There):
    async def use(there: There) -> None:
        now = [1000.0]
        boards = Boards("s1", lambda: now[0])
        access = Accesses(there.home, {}).of({}, there.place().credential)
        api = boards.api(access)
        await boards.see(access, "default")
        await boards.forget_unused()
        assert boards.api(access) is api
        now[0] += 601
        await boards.forget_unused()
        assert not boards._apis
        assert not boards._seen
        assert boards.api(access) is not api
        await boards.close()

    there.run(use)


def test_a_token_that_cannot_be_sent_is_not_shown(there: There):
    async def use(there: There) -> None:
        for token in ("zrt\nsecret", "zrt-secrét"):
            text = there.cluster.kubeconfig(token=token)
            api = KubernetesApi(read_kubeconfig(text))
            with pytest.raises(ApiRefusedError) as caught:
                await api.ask("GET", "/api/v1/namespaces/default")
            assert "secr" not in str(caught.value)

    there.run(use)


def test_a_list_without_end_is_left(there: There, monkeypatch: pytest.MonkeyPatch):
    async def use(there: There) -> None:
        api = KubernetesApi(read_kubeconfig(there.cluster.kubeconfig()))

        async def ask(*_: Any, **__: Any) -> dict[str, Any]:
            return {"metadata": {"continue": "more"}, "items": []}

        monkeypatch.setattr(api, "ask", ask)
        with pytest.raises(ApiRefusedError, match="too much"):
            await api.items("/x", {})

    there.run(use)


def test_what_a_run_waits_for_is_told(there: There):
    async def use(there: There) -> None:
        there.cluster.unschedulable = "0/3 nodes are available: 3 Insufficient cpu."
        handle = await there.launcher.launch(there.order())
        told = await there.launcher.account(handle)
        assert (told.waits, told.code) == (True, "")
        assert "Insufficient cpu" in told.reason
        there.cluster.pods.clear()
        event = {
            "metadata": {"name": "e", "namespace": "default"},
            "message": 'pods "x" is forbidden: exceeded quota',
            "lastTimestamp": "2024-05-01T00:00:00Z",
        }
        there.cluster.kept["events"]["e"] = event
        await there.forgotten()
        assert "exceeded quota" in (await there.launcher.account(handle)).reason

    there.run(use)


def test_the_silence_of_a_pod_counts_from_when_it_began(
    there: There, monkeypatch: pytest.MonkeyPatch
):
    async def use(there: There) -> None:
        there.cluster.unschedulable = "no nodes"
        handle = await there.launcher.launch(there.order())
        assert (await there.launcher.account(handle)).reason
        there.cluster.pod_of(handle["job"])["status"] = {"phase": "Running"}
        await there.forgotten()
        begun = await there.launcher.account(handle)
        assert (begun.waits, begun.reason) == (True, "")
        monkeypatch.setattr("zaffre.adapters.launchers.kubernetes.launcher._BEGIN_SECONDS", 0.0)
        assert not (await there.launcher.account(handle)).waits

    there.run(use)


def test_a_job_that_is_gone_is_missed_at_once(there: There):
    async def use(there: There) -> None:
        handle = await there.launcher.launch(there.order())
        assert await there.launcher.is_alive(handle) is True
        there.cluster.jobs.clear()
        await there.forgotten()
        assert await there.launcher.is_alive(handle) is False
        assert (await there.launcher.account(handle)).code == "JobDeleted"

    there.run(use)


def test_a_job_is_stopped_also_without_a_handle(there: There):
    async def use(there: There) -> None:
        await there.launcher.launch(there.order(2))
        handle = {"attempt": 2, "kind": "kubernetes", "compute": "pods"}
        await there.launcher.stop("w", "exp_1", handle)
        assert there.cluster.kept == {"jobs": {}, "secrets": {}, "pods": {}, "events": {}}
        await there.launcher.stop("w", "exp_1", handle)  # Once more does no harm.

    there.run(use)


def test_jobs_that_belong_to_no_run_are_removed(there: There):
    async def use(there: There) -> None:
        left = await there.launcher.launch(there.order(1))
        kept = await there.launcher.launch(there.order(2))
        foreign = {"name": "other", "namespace": "default", "labels": {}}
        there.cluster.jobs["other"] = {**there.cluster.jobs[kept["job"]], "metadata": foreign}
        for _ in range(3):
            await there.forgotten()
            assert await there.look(("exp_1", 2)) is None
        assert len(there.cluster.jobs) == 3, "a runner ends its run first, and then itself"
        there.now += 31
        await there.forgotten()
        assert await there.look(("exp_1", 2)) is None
        deleted = [path for method, path in there.cluster.asked if method == "DELETE"]
        assert deleted == [f"/apis/batch/v1/namespaces/default/jobs/{left['job']}"]

    there.run(use)


def test_why_a_cluster_cannot_be_used_is_told(there: There):
    async def use(there: There) -> None:
        assert await there.look(state=ComputeState.CREATING) is None

        async def code(**settings: Any) -> str:
            there.settings = settings
            await there.forgotten()
            error = await there.look(state=ComputeState.CREATING)
            assert error is not None
            assert TOKEN not in error.message
            return error.code

        assert await code(namespace="nowhere") == "ClusterRefuses"
        assert await code(server_url="http://elsewhere") == "ClusterUnusable"
        assert await code(tolerations="all") == "ClusterUnusable"
        there.cluster.is_away = True
        assert await code() == "ClusterOutOfReach"

    there.run(use)


def test_all_runs_are_asked_for_at_once(there: There):
    async def use(there: There) -> None:
        handles = [await there.launcher.launch(there.order(number)) for number in range(1, 6)]
        there.cluster.asked.clear()
        await there.forgotten()
        assert all(await asyncio.gather(*map(there.launcher.is_alive, handles)))
        assert len(there.cluster.asked) == 2
        there.cluster.is_away = True
        there.cluster.asked.clear()
        await there.forgotten()
        assert all(await asyncio.gather(*map(there.launcher.is_alive, handles)))
        assert len(there.cluster.asked) == 1, "what one was told holds for the others"

    there.run(use)
