"""Launching in a workspace of Databricks that loses answers, or is away."""

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from databricks import CLUSTER, LiveDatabricks
from zaffre.adapters.launchers.databricks.api import DatabricksApi
from zaffre.adapters.launchers.databricks.launcher import DatabricksLauncher
from zaffre.adapters.launchers.elsewhere.parcel import Machine, Packer
from zaffre.adapters.launchers.elsewhere.shelf import Shelf
from zaffre.domain.computes import ComputeKind
from zaffre.ports.launchers import ComputePlace, OutOfReachError, RunnerOrder

SUBMIT = "/api/2.1/jobs/runs/submit"


@pytest.fixture
def bricks(tmp_path):
    with LiveDatabricks(tmp_path / "bricks", lambda _program, _words: ["true"], {}) as bricks:
        bricks.holds = True
        yield bricks


@pytest.fixture
def place(bricks):
    return ComputePlace(
        kind=ComputeKind.DATABRICKS,
        name="bricks",
        settings={
            "workspace_url": bricks.url,
            "existing_cluster_id": CLUSTER,
            "server_url": "http://server",
        },
        credential={"access_token": f"{bricks.token}\n"},
    )


@pytest.fixture
def order(place):
    return RunnerOrder(
        workspace_id="w",
        run_id="r",
        attempt=2,
        token="zrt-secret",  # noqa: S106 (of this test)
        server_url="http://here",
        python="python3",
        place=place,
    )


@pytest.fixture
def launcher(tmp_path, place):
    """Return what makes a launcher."""
    wheel = tmp_path / "zaffre_sdk-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")

    async def find(_workspace, _name):
        return place

    def make(*, index=None, **options):
        packer = Packer(
            lambda: SimpleNamespace(path=wheel, version="1"),
            index or {},
            Machine(system="Here", machine="m"),
        )
        return DatabricksLauncher(
            DatabricksApi(),
            server_url="",
            packer=packer,
            shelf=Shelf(tmp_path / "shelf"),
            on_index=lambda _spec: (),
            find=find,
            pause=0.01,
            **options,
        )

    return make


def test_an_answer_that_is_lost_makes_no_second_run(launcher, bricks, order):
    bricks.lost.append(SUBMIT)
    said = []

    async def wait(reason):
        said.append(reason)

    handle = asyncio.run(launcher().launch(replace(order, say=said.append, wait=wait)))
    assert len(bricks.submitted) == 1
    assert asyncio.run(launcher().is_alive(handle))
    *reasons, last = said
    assert len(reasons) == 2
    assert all("answered 503" in words for words in reasons)
    assert last == ""  # what it waited for is over


def test_a_run_without_a_handle_is_found_by_its_name(launcher, order):
    async def go():
        made = launcher()
        handles = [await made.launch(replace(order, attempt=number)) for number in range(1, 6)]
        await made.stop("w", "r", {"attempt": 2, "compute": "bricks"})
        return [await made.is_alive(handle) for handle in handles]

    assert asyncio.run(go()) == [True, False, True, True, True]


def test_a_workspace_that_is_away_loses_no_run_until_patience_is_over(launcher, bricks, order):
    handle = asyncio.run(launcher().launch(order))
    bricks.lost += ["/api/2.1/jobs/runs/get"] * 4

    async def look(made):
        return await made.is_alive(handle), await made.account(handle)

    alive, account = asyncio.run(look(launcher()))
    assert alive
    assert account.waits
    assert "503" in account.reason
    alive, account = asyncio.run(look(launcher(patience=0)))
    assert not alive
    assert not account.waits
    assert "503" in account.ending


def test_one_that_stays_away_is_out_of_reach(launcher, bricks, order):
    bricks.lost.append(SUBMIT)
    with pytest.raises(OutOfReachError, match="503"):
        asyncio.run(launcher(patience=0).launch(order))


@pytest.mark.parametrize("token", ["", "dapi-1\n23", "dapi-ä"])
def test_a_token_that_cannot_be_sent_is_not_shown(launcher, order, token):
    place = replace(order.place, credential={"access_token": token})
    with pytest.raises(OSError, match="access token") as caught:
        asyncio.run(launcher().launch(replace(order, place=place)))
    assert "dapi" not in str(caught.value)


def test_passwords_of_the_index_are_not_sent(launcher, bricks, order):
    index = {
        "UV_INDEX_URL": "https://me:word@example.org/simple",
        "UV_INDEX_X_PASSWORD": "word",
        "UV_OFFLINE": "1",
    }
    asyncio.run(launcher(index=index).launch(order))
    (task,) = bricks.submitted[0]["tasks"]
    told = json.loads(task["spark_python_task"]["parameters"][0])
    assert told["wanted"]["index"] == {"UV_OFFLINE": "1"}
    assert "word" not in json.dumps(bricks.submitted)
