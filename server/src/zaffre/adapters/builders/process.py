"""Running uv: its lines as they come, and no process left when the work is given up."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_NOISE = "Using Python "  # with a path that means nothing to people
_CHUNK = 65_536
_LONGEST_LINE = 4_000
_MOST_LINES = 5_000
_GUARD = Path(__file__).with_name("guard.py")


class Ended(NamedTuple):
    """How a command ended: its exit code, and the last thousands of lines that it said."""

    code: int
    lines: list[str]


async def run(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    said: Callable[[str], None],
    held: int,
) -> Ended:
    """Run `command` until it ends; give up and end it with all it started when cancelled.

    Args:
        command: The program and its arguments.
        environ: Its whole environment.
        said: Takes each line that it writes.
        held: A file descriptor (a lock) that stays open until the command is gone.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", str(_GUARD), *command),
        cwd="/",  # no project's settings apply, those of the user and the machine do
        env=dict(environ),
        pass_fds=(held,),
        start_new_session=True,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines: deque[str] = deque(maxlen=_MOST_LINES)
    try:
        if process.stdout is not None:
            async for line in _lines(process.stdout):
                if not line.startswith(_NOISE):
                    lines.append(line)
                    said(line)
        return Ended(await process.wait(), list(lines))
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
        if process.stdin is not None:
            process.stdin.close()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines of any length, shortened; colours and passwords in addresses taken out."""
    rest = b""
    while chunk := await stream.read(_CHUNK):
        *whole, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        for line in whole:
            yield _clean(line)
        rest = rest[-_CHUNK:]
    if rest:
        yield _clean(rest)


def _clean(line: bytes) -> str:
    text = _ANSI.sub("", line.decode("utf-8", "replace")).rstrip()
    return _CREDENTIALS.sub("***@", text.rsplit("\r", 1)[-1])[:_LONGEST_LINE]
