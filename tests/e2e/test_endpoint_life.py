"""An endpoint from its deployment to its end, with real replicas behind the real door."""

import asyncio
import contextlib
import signal
import socket
import time
from pathlib import Path

import httpx
import psutil
import pytest
from doors import HOST, ask
from serving import ALICE, ECHO, LIMITS, lives, open_shop, until
from zaffre.domain.endpoints import AuthMode, EndpointKind, EndpointState
from zaffre.domain.errors import NotFoundError
from zaffre.domain.files import FileEntry
from zaffre.services.endpoints import EndpointChange
from zaffre.services.models import NewModel

FAULTY = "def init():\n    raise RuntimeError('no such luck')\ndef run(data): pass"
PID = "import os\ndef init(): pass\ndef run(data):\n    return os.getpid()"


async def score(shop, endpoint, body=b"x", *, bearer=None):
    headers = [HOST]
    if bearer:
        headers.append((b"authorization", b"Bearer " + bearer.encode()))
    path = f"/endpoints/{endpoint.id}/score"
    return await ask(shop.scoring, "POST", path, headers=headers, body=body)


def replicas_of(shop, endpoint):
    live = shop.parts.table.find(endpoint.id)
    return [psutil.Process(replica.pid) for replica in live.replicas] if live else []


async def change(shop, endpoint, **said):
    await shop.parts.work.write(
        lambda s: s.endpoints.change(
            shop.workspace.id, endpoint.name, EndpointChange(**said), caller=ALICE
        )
    )
    return await shop.settled(endpoint.name)


def test_deployed_scored_and_deleted(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(ECHO), auth_mode=AuthMode.KEY)
            assert endpoint.state is EndpointState.HEALTHY
            primary, _ = await shop.parts.work.read(
                lambda s: s.endpoints.keys(shop.workspace.id, "svc", caller=ALICE)
            )
            assert (await score(shop, endpoint)).status == 401
            reply = await score(shop, endpoint, b"words", bearer=primary)
            assert (reply.status, reply.json) == (200, {"got": "words"})
            await until_logged(shop, endpoint, "init was called")
            processes = replicas_of(shop, endpoint)
            assert len(processes) == 1
            await shop.parts.work.write(
                lambda s: s.endpoints.delete(shop.workspace.id, "svc", caller=ALICE)
            )
            await until(lambda: not any(map(lives, processes)), what="the end of the replicas")
            await until(lambda: not list((tmp_path / "endpoints").iterdir()), what="tidiness")
            assert (await score(shop, endpoint, bearer=primary)).status == 401

            async def is_forgotten():
                return not await shop.log(endpoint)

            await eventually(is_forgotten)

    asyncio.run(live())


async def until_logged(shop, endpoint, words):
    async def is_logged():
        return words in await shop.log(endpoint)

    await eventually(is_logged)


async def until_answered(shop, endpoint, status, *, bearer=None):
    async def is_answered():
        return (await score(shop, endpoint, bearer=bearer)).status == status

    await eventually(is_answered)


async def eventually(condition):
    """Wait the five seconds that a replica has to come back, and a key to die."""
    end = time.monotonic() + 5
    while not await condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_models_are_where_the_script_looks(tmp_path):
    script = """
        import os

        def init():
            pass

        def run(data):
            folder = os.environ["AZUREML_MODEL_DIR"]
            found = []
            for at, _, files in os.walk(folder):
                found += [os.path.relpath(os.path.join(at, file), folder) for file in files]
            return [folder.rpartition("/azureml-models")[2], sorted(found)]
    """

    async def live():
        async with open_shop(tmp_path) as shop:
            spec = await shop.spec(script)
            snapshot = await shop.parts.work.read(
                lambda s: s.snapshots.get(shop.workspace.id, spec.snapshot_id, caller=ALICE)
            )
            bytes_of = snapshot.files[0]

            def register(name):
                file = FileEntry("model.pkl", bytes_of.digest, bytes_of.size)
                new = NewModel(name=name, files=(file,))
                return shop.parts.work.write(
                    lambda s: s.models.register(shop.workspace.id, new, caller=ALICE)
                )

            one, two = await register("one"), await register("two")
            single = await shop.deploy(await shop.spec(script, model_ids=(one.id,)))
            assert (await score(shop, single)).json == ["/one/1", ["model.pkl"]]
            both = await shop.spec(script, model_ids=(one.id, two.id))
            several = await shop.deploy(both, "several")
            assert (await score(shop, several)).json == [
                "",
                ["one/1/model.pkl", "two/1/model.pkl"],
            ]

    asyncio.run(live())


def test_reload_picks_up_changed_code_without_a_gap(tmp_path):
    versions = ["def init(): pass\ndef run(data):\n    return 1"]
    versions.append("import time\ndef init(): time.sleep(0.5)\ndef run(data):\n    return 2")

    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(versions[0]))
            seen = []

            async def keep_scoring():
                while not seen or seen[-1] != (200, 2):
                    reply = await score(shop, endpoint)
                    seen.append((reply.status, reply.json))
                    await asyncio.sleep(0.005)

            scoring = asyncio.create_task(keep_scoring())
            changed = await change(shop, endpoint, spec=await shop.spec(versions[1]))
            await scoring
            assert (changed.state, changed.generation) == (EndpointState.HEALTHY, 2)
            assert set(seen) == {(200, 1), (200, 2)}
            folder = tmp_path / "endpoints" / endpoint.id
            await until(lambda: [p.name for p in folder.iterdir()] == ["2"], what="tidiness")

    asyncio.run(live())


def test_r33_the_old_generation_serves_when_the_new_one_fails(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(ECHO))
            failed = await change(shop, endpoint, spec=await shop.spec(FAULTY))
            assert failed.state is EndpointState.FAILED
            assert failed.error.code == "UserScriptInitFailed"
            assert "no such luck" in failed.error.message
            assert "in init" in failed.error.details
            assert (await score(shop, endpoint)).json == {"got": "x"}
        # It goes on to serve when the server starts again.
        async with open_shop(tmp_path) as shop:
            await until(lambda: replicas_of(shop, endpoint), what="the old generation")
            assert (await score(shop, endpoint)).json == {"got": "x"}
            assert (await shop.endpoint()).state is EndpointState.FAILED
            healed = await change(shop, endpoint, spec=await shop.spec(PID))
            assert (healed.state, healed.error) == (EndpointState.HEALTHY, None)

    asyncio.run(live())


def test_r33_a_first_deployment_that_fails(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(FAULTY))
            assert endpoint.state is EndpointState.FAILED
            reply = await score(shop, endpoint)
            assert (reply.status, "UserScriptInitFailed" in reply.error["message"]) == (503, True)
            await until_logged(shop, endpoint, "RuntimeError: no such luck")

    asyncio.run(live())


def test_r32_a_killed_replica_is_replaced_and_its_neighbour_serves(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(PID, replicas=2))
            first, second = replicas_of(shop, endpoint)
            statuses = []

            async def keep_scoring():
                while True:
                    statuses.append((await score(shop, endpoint)).status)
                    await asyncio.sleep(0.005)

            scoring = asyncio.create_task(keep_scoring())
            first.send_signal(signal.SIGKILL)

            async def is_replaced():
                pids = {p.pid for p in replicas_of(shop, endpoint)}
                return len(pids) == 2 and first.pid not in pids

            await eventually(is_replaced)
            scoring.cancel()
            await asyncio.gather(scoring, return_exceptions=True)
            assert second.pid in {p.pid for p in replicas_of(shop, endpoint)}
            assert statuses.count(200) > 10
            assert len(statuses) - statuses.count(200) <= 1
            assert (await shop.endpoint()).state is EndpointState.HEALTHY

    asyncio.run(live())


def test_r32_a_crash_loop_is_unhealthy_until_it_ends(tmp_path):
    script = """
        import os

        def init():
            print("the last words")
            if os.path.exists(os.environ["MARK"]):
                os._exit(7)

        def run(data):
            os._exit(7)
    """

    async def live():
        async with open_shop(tmp_path) as shop:
            mark = tmp_path / "mark"
            spec = await shop.spec(script)
            environment = spec.environment.__class__(variables={"MARK": str(mark)})
            endpoint = await shop.deploy(await shop.spec(script, environment=environment))
            mark.touch()
            assert (await score(shop, endpoint)).status == 502
            sick = await shop.when("svc", lambda e: e.state is EndpointState.UNHEALTHY)
            assert sick.error.code == "ReplicaCrashLoop"
            assert "exit code 7" in sick.error.message
            assert "the last words" in sick.error.details
            assert (await score(shop, endpoint)).status == 503
            mark.unlink()
            well = await shop.when("svc", lambda e: e.state is EndpointState.HEALTHY)
            assert well.error is None

    asyncio.run(live())


def test_c87_a_stuck_replica_is_replaced(tmp_path):
    script = """
        import time

        def init():
            pass

        def run(data):
            if data == "hang":
                time.sleep(600)
            return data
    """

    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(script, timeout_seconds=0.5))
            reply = await score(shop, endpoint, b"hang")
            assert (reply.status, reply.code) == (408, "ScoringTimeout")
            await until_answered(shop, endpoint, 200)

    asyncio.run(live())


def test_a_server_that_starts_again_serves_again(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(PID))
            processes = replicas_of(shop, endpoint)
        assert not any(map(lives, processes))
        (tmp_path / "endpoints" / "of-an-endpoint-that-is-gone").mkdir()
        async with open_shop(tmp_path) as shop:
            await until(lambda: replicas_of(shop, endpoint), what="a replica")
            assert (await score(shop, endpoint)).status == 200
            assert (await shop.endpoint()).generation == 1
            assert [p.name for p in (tmp_path / "endpoints").iterdir()] == [endpoint.id]

    asyncio.run(live())


def test_a33_a_renewed_key_dies_within_five_seconds(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(ECHO), auth_mode=AuthMode.KEY)

            def use(s):
                old, _ = s.endpoints.keys(shop.workspace.id, "svc", caller=ALICE)
                new, _ = s.endpoints.renew_key(
                    shop.workspace.id, "svc", which="primary", caller=ALICE
                )
                return old, new

            old, new = await shop.parts.work.write(use)
            await until_answered(shop, endpoint, 401, bearer=old)
            assert (await score(shop, endpoint, bearer=new)).status == 200

    asyncio.run(live())


def test_a_local_endpoint_has_a_port_of_its_own(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(ECHO), kind=EndpointKind.LOCAL)
            address = f"http://127.0.0.1:{endpoint.port}"
            async with httpx.AsyncClient() as client:
                reply = await client.post(f"{address}/score", content="words")
                assert (reply.status_code, reply.json()) == (200, {"got": "words"})
                assert (await client.get(f"{address}/")).text == "Healthy"
                assert (await client.get(f"{address}/swagger.json")).json()["swagger"] == "2.0"
                await change(shop, endpoint, reload=True)
                assert (await client.post(f"{address}/score", content="a")).json() == {"got": "a"}
        async with open_shop(tmp_path) as shop:
            await until(lambda: replicas_of(shop, endpoint), what="a replica")
            async with httpx.AsyncClient() as client:
                assert (await client.post(f"{address}/score", content="b")).status_code == 200

    asyncio.run(live())


def test_a_port_that_is_taken_is_said(tmp_path):
    async def live():
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            async with open_shop(tmp_path) as shop:
                spec = await shop.spec(ECHO)
                endpoint = await shop.deploy(spec, kind=EndpointKind.LOCAL, port=port)
                assert (endpoint.state, endpoint.error.code) == (EndpointState.FAILED, "PortInUse")

    asyncio.run(live())


def test_deleting_while_it_is_deployed_leaves_nothing(tmp_path):
    script = "import time\ndef init(): time.sleep(600)\ndef run(data): pass"

    async def live():
        async with open_shop(tmp_path) as shop:
            deploying = asyncio.create_task(shop.deploy(await shop.spec(script)))
            await until(lambda: scorers_below(tmp_path), what="a replica")
            await shop.parts.work.write(
                lambda s: s.endpoints.delete(shop.workspace.id, "svc", caller=ALICE)
            )
            await until(lambda: not scorers_below(tmp_path), what="its end")
            await until(lambda: not list((tmp_path / "endpoints").iterdir()), what="tidiness")
            with pytest.raises(NotFoundError):
                await deploying

    asyncio.run(live())


def scorers_below(folder: Path):
    """Return the replicas that work somewhere below a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            variables = process.environ()
            if str(folder) in variables.get("AML_APP_ROOT", "") and lives(process):
                found.append(process)
    return found


def test_r23_a_blob_that_changed_is_not_deployed(tmp_path):
    async def live():
        async with open_shop(tmp_path) as shop:
            spec = await shop.spec(ECHO)
            (blob,) = [p for p in (tmp_path / "blobs").rglob("*") if p.is_file()]
            blob.chmod(0o600)
            blob.write_bytes(blob.read_bytes().replace(b"got", b"not"))
            endpoint = await shop.deploy(spec)
            assert endpoint.state is EndpointState.FAILED
            assert endpoint.error.code == "DigestMismatch"

    asyncio.run(live())


def test_limits_pause_ever_longer():
    assert [LIMITS.pause(deaths) for deaths in range(5)] == [0, 0, 1, 1, 1]
