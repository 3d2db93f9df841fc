"""JupyterLab as processes of this machine, where no process is needed."""

import asyncio
import threading
from pathlib import Path

import pytest
from zaffre.adapters.instances.jupyter import JupyterInstances
from zaffre.domain.errors import UnavailableError
from zaffre.ports.instances import InstanceOrder, RunningInstance


async def _babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n")
    writer.close()


def test_whoever_else_has_the_port_is_no_jupyter(tmp_path: Path) -> None:
    async def asked() -> object:
        async with await asyncio.start_server(_babble, "127.0.0.1", 0) as other:
            port = other.sockets[0].getsockname()[1]
            running = RunningInstance(port=port, secret="s")  # noqa: S106 (of nobody)
            return await JupyterInstances(tmp_path, environ={}).activity(running, "/")

    assert asyncio.run(asked()) is None


def test_many_instances_that_start_leave_threads_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, going = threading.Event(), []

    def launch(_self: object, order: InstanceOrder) -> None:
        going.append(order.key)
        assert go.wait(20)
        raise UnavailableError("InstanceStartFailed", "There is no such thing here.")

    async def story() -> None:
        monkeypatch.setattr(JupyterInstances, "_launch", launch)
        instances = JupyterInstances(tmp_path, environ={})
        orders = [
            InstanceOrder(
                key=("w", str(number)),
                base_url="/",
                python="python",
                root=tmp_path,
                folder=tmp_path,
                variables={},
            )
            for number in range(40)
        ]
        starting = [asyncio.create_task(instances.start(order)) for order in orders]
        # A thread is there for whoever needs one, though none of them has been launched.
        async with asyncio.timeout(10):
            while not going:  # noqa: ASYNC110 (a thread tells nobody)
                await asyncio.sleep(0.005)
            assert await asyncio.to_thread(lambda: "served") == "served"
        assert len(going) <= 2
        go.set()
        ends = await asyncio.gather(*starting, return_exceptions=True)
        assert {type(end) for end in ends} == {UnavailableError}

    asyncio.run(story())
