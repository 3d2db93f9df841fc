"""The container engine of this machine, and what it is told."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import psutil
from zaffre_sdk.containers.engines import Engine, NoEngineError, engine_environ, find_engine
from zaffre_sdk.containers.removing import removal_words
from zaffre_sdk.containers.running import question_words

from zaffre.adapters.builders.process import Ended, run

Log = Callable[[str], None]
_MARK: Final = "ZAFFRE_IMAGE_BUILD"
_LOOK_AGAIN_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 120.0
_END_SECONDS: Final = 8.0
_ROUND_SECONDS: Final = 0.1
# What an engine says of its own steps, beside what the programs in them say.
_NOISE: Final = re.compile(
    r"STEP |-->|COMMIT |subprocess exited with status|exit status |Successfully tagged |"
    r"[0-9a-f]{64}$|#\d+ (?!\d|ERROR)|#\d+$|-*$"
)
_STEP: Final = re.compile(r"#\d+ (?:\d+\.\d+ )?")


class Engines:
    """Finds the engine, once; a machine without one is looked at again from time to time.

    Args:
        environ: The environment of the server.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._found: Engine | None = None
        self._why = ""
        self._looked = float("-inf")
        self._looking = asyncio.Lock()

    @property
    def environ(self) -> dict[str, str]:
        """What the engine is given of the environment of the server."""
        return engine_environ(self._environ)

    async def find(self) -> Engine | None:
        """Return the engine, if there is one that works."""
        async with self._looking:
            if self._found is None and time.monotonic() - self._looked > _LOOK_AGAIN_SECONDS:
                try:
                    self._found = await asyncio.to_thread(find_engine, self._environ)
                except NoEngineError as error:
                    self._why = str(error)
                self._looked = time.monotonic()
            return self._found

    @property
    def why_none(self) -> str:
        """Why none was found."""
        return self._why


class Heard(NamedTuple):
    """How a short command ended: its exit code, its output, and its complaints."""

    code: int
    said: str
    complaints: str

    @property
    def reason(self) -> str:
        """The last complaint."""
        return (self.complaints or "no answer").splitlines()[-1]


class Talk:
    """Tells an engine what to do, and hears what it says."""

    def __init__(self, engine: Engine, environ: Mapping[str, str]) -> None:
        self.engine = engine
        # Docker's older way of building knows no mounts.
        self._environ = {**environ, "DOCKER_BUILDKIT": "1"}

    async def image(self, name: str) -> Mapping[str, Any] | None:
        """Return what the engine knows of an image that is here."""
        heard = await self.hear("image", "inspect", name)
        try:
            found = json.loads(heard.said) if heard.code == 0 else []
        except ValueError:
            return None
        return found[0] if found else None

    async def hear(self, *words: str) -> Heard:
        """Return what the engine says to a short command."""
        return await self._hear(self.engine.command(*words))

    async def try_out(self, image: str, *command: str, mounts: Sequence[str] = ()) -> Heard:
        """Return what a short program says in an image."""
        name = f"zaffre-question-{uuid.uuid4().hex}"
        words = question_words(self.engine, image, *command, name=name, mounts=mounts)
        return await self._hear(words, container=name)

    async def _hear(self, command: Sequence[str], *, container: str = "") -> Heard:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd="/",
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                said, complaints = await process.communicate()
        except TimeoutError:
            return Heard(1, "", f"{self.engine.words} gave no answer in {_ANSWER_SECONDS:.0f} s")
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
                if container:
                    # It is no child of the command that was killed.
                    await asyncio.shield(self._hear(removal_words(self.engine, container)))
        return Heard(process.returncode or 0, _text(said), _text(complaints))

    async def tell(self, words: Sequence[str], *, said: Log, held: int) -> Ended:
        """Let the engine do something long; end it with all it started when cancelled.

        Args:
            words: The command.
            said: Takes each line that it writes.
            held: A file descriptor (a lock) that stays open until it is gone.
        """
        mark = uuid.uuid4().hex
        work = asyncio.ensure_future(
            run(
                self.engine.command(*words),
                environ={**self._environ, _MARK: mark},
                said=lambda line: _pass_on(line, said),
                held=held,
            )
        )
        try:
            ended = await asyncio.shield(work)
        except asyncio.CancelledError:
            await _end(work, mark, self.engine)
            raise
        lines: list[str] = []
        for line in ended.lines:
            _pass_on(line, lines.append)
        return Ended(ended.code, lines)


def _pass_on(line: str, said: Log) -> None:
    """Pass on what a program of a step said."""
    if not _NOISE.match(line):
        said(_STEP.sub("", line, count=1) if line.startswith("#") else line)


async def _end(work: asyncio.Future[Ended], mark: str, engine: Engine) -> None:
    """Let an engine fail by itself, so that it clears up; kill it when it does not."""
    deadline = time.monotonic() + _END_SECONDS
    killed = 0
    while not work.done() and time.monotonic() < deadline:
        killed += await asyncio.to_thread(_kill_steps, mark, engine.program)
        if not killed:
            break  # It fetches something, or is between two steps.
        await asyncio.wait([work], timeout=_ROUND_SECONDS)
    work.cancel()
    await asyncio.wait([work])


def _kill_steps(mark: str, engine: str) -> int:
    """Kill what the engine runs in its steps, and nothing of itself; return how many."""
    killed = 0
    for process in psutil.process_iter():
        if _environ_of(process).get(_MARK) != mark:
            continue
        steps = [below for below in _below(process) if _program_of(below) not in {engine, ""}]
        for step in steps:
            _kill(step)
        killed += len(steps)
    return killed


def _environ_of(process: psutil.Process) -> Mapping[str, str]:
    try:
        return dict(process.environ())
    except (psutil.Error, OSError):
        return {}


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _program_of(process: psutil.Process) -> str:
    try:
        return str(process.exe())
    except (psutil.Error, OSError):
        return ""


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return  # It ended by itself just now.


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()
