"""The line to the agent on a machine: requests and answers through one connection of SSH."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import signal
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zaffre.adapters.launchers.elsewhere.agent.serving import MARK
from zaffre.adapters.launchers.machines.failures import MachineAwayError, MachineError

_PART_BYTES: Final = 1 << 20
_CHUNK: Final = 1 << 16
_SAID_LINES: Final = 40
_MAX_LINE: Final = 1 << 22
_ALLOCATED: Final = re.compile(r"Allocated port (\d+) for remote forward")
_SECONDS: Final = 30.0
_PORT_SECONDS: Final = 5.0

Say = Callable[[str], None]


@dataclass(slots=True)
class _Question:
    answer: asyncio.Future[Any]
    say: Say | None


class AgentWire:
    """Asks the agent; every answer finds its question.

    Attributes:
        said: The last lines that SSH wrote.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.said: deque[str] = deque(maxlen=_SAID_LINES)
        self._process = process
        self._numbers = itertools.count(1)
        self._questions: dict[int, _Question] = {}
        self._port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read())

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as this side knows."""
        return not self._reading.done()

    @property
    def code(self) -> int | None:
        """How SSH ended."""
        return self._process.returncode

    async def allocated_port(self) -> int:
        """Return the port of the machine that was chosen there.

        Raises:
            MachineAwayError: The connection broke, or nothing was said of a port.
        """
        await asyncio.wait([self._port], timeout=_PORT_SECONDS)
        if not self._port.done() or self._port.cancelled():
            raise MachineAwayError("no port there was given to the server")
        return self._port.result()

    async def write(self, data: bytes) -> None:
        """Send bytes; before the first question what the agent is made of.

        Raises:
            MachineAwayError: The connection broke.
        """
        if not self.is_open or self._process.stdin is None:
            raise MachineAwayError("the connection is broken")
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except (OSError, RuntimeError) as error:
            raise MachineAwayError(f"the connection is broken: {error}") from error

    async def ask(
        self, do: str, asked: object = None, *, say: Say | None = None, seconds: float = _SECONDS
    ) -> Any:  # noqa: ANN401 (what the agent answers)
        """Ask and return the answer.

        Args:
            do: What the agent is to do.
            asked: With what.
            say: Takes lines of progress; then it may take as long as it likes.
            seconds: How long it may take otherwise.

        Raises:
            MachineAwayError: The connection broke.
            MachineError: The agent cannot do it.
        """
        number = next(self._numbers)
        question = _Question(asyncio.get_running_loop().create_future(), say)
        self._questions[number] = question
        limit = None if say else seconds
        try:
            await self.write(_line({"id": number, "do": do, "with": asked or {}}))
            async with asyncio.timeout(limit):
                return await question.answer
        except TimeoutError:
            await self.close()
            raise MachineAwayError(f"nothing was answered in {seconds:g} seconds") from None
        except asyncio.CancelledError:
            with contextlib.suppress(MachineAwayError):
                await self.write(_line({"id": number, "do": "drop"}))
            raise
        finally:
            del self._questions[number]

    async def send_file(self, digest: str, path: Path) -> None:
        """Send a file, part by part."""
        offset, last = 0, False
        while not last:
            data, last = await asyncio.to_thread(_part, path, offset)
            part = {"digest": digest, "offset": offset, "data": data, "last": last}
            await self.ask("take", part, seconds=10 * _SECONDS)
            offset += _PART_BYTES

    async def wait_closed(self) -> None:
        """Wait until the connection has ended."""
        await asyncio.wait([self._reading])

    async def close(self) -> None:
        """End the connection; the agent ends with it."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def _read(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_lines(self._process.stdout, self._take))
                group.create_task(self._read_lines(self._process.stderr, self._note))
            await self._process.wait()
        finally:
            broken = MachineAwayError("the connection broke")
            for question in self._questions.values():
                if not question.answer.done():
                    question.answer.set_exception(broken)
            self._port.cancel()

    async def _read_lines(
        self, stream: asyncio.StreamReader | None, take: Callable[[bytes], None]
    ) -> None:
        if stream is None:
            return
        rest = b""
        while chunk := await stream.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _MAX_LINE:
                raise MachineError("a line that was said there has no end")
            for line in lines:
                take(line)

    def _take(self, line: bytes) -> None:
        _, mark, text = line.partition(MARK)
        if not mark:
            return  # Something that a shell said.
        answer = json.loads(text)
        question = self._questions.get(answer["id"])
        if question is None or question.answer.done():
            return
        if "say" in answer:
            if question.say is not None:
                question.say(answer["say"])
        elif "failed" in answer:
            question.answer.set_exception(MachineError(answer["failed"]))
        else:
            question.answer.set_result(answer["done"])

    def _note(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self.said.append(text)
        found = _ALLOCATED.search(text)
        if found and not self._port.done():
            self._port.set_result(int(found[1]))


def _line(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode() + b"\n"


def _part(path: Path, offset: int) -> tuple[str, bool]:
    """Return a part of a file, packed, and whether it is the last."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(_PART_BYTES)
        return base64.b64encode(zlib.compress(data, 1)).decode(), not file.read(1)
