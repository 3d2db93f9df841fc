"""JupyterLab as processes of this machine, where no process is needed."""

import asyncio
from pathlib import Path

from zaffre.adapters.instances.jupyter import JupyterInstances
from zaffre.ports.instances import RunningInstance


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
