"""The images that environments begin with: found here, fetched, or made by a Dockerfile."""

import asyncio
import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from zaffre.adapters.builders.folders import Place
from zaffre.adapters.builders.private_wheels import CopyBlob
from zaffre.adapters.containers.engine import Log, Talk
from zaffre.base.text import shown
from zaffre.domain.containers import address_of
from zaffre.domain.environments import Image
from zaffre.domain.errors import NotFoundError, UnavailableError

CODE: Final = "EnvironmentBuildFailed"
_HUB: Final = "https://index.docker.io/v1/"
_STEPS: Final = (
    re.compile(r'Error: building at STEP "(?P<step>.+?)": (?P<why>.+)'),
    re.compile(r'process "(?P<step>.+?)" did not complete successfully: (?P<why>.+)'),
    re.compile(r"executor failed running \[(?P<step>.+?)\]: (?P<why>.+)"),
)


@dataclass(frozen=True, slots=True)
class Base:
    """An image that is on this machine.

    Attributes:
        name: By which the engine knows it.
        id: Of its content.
    """

    name: str
    id: str


class Bases:
    """Brings bases.

    Args:
        folder: Keeps the locks.
        copy: Writes the bytes of a digest to a file.
    """

    def __init__(self, folder: Path, copy: CopyBlob) -> None:
        self._folder = folder
        self._copy = copy

    async def bring(self, talk: Talk, image: Image, log: Log) -> Base:
        """Return the base that is asked for.

        Raises:
            UnavailableError: `EnvironmentBuildFailed`, saying what failed and why.
        """
        with _credentials(talk, image) as options:
            if image.dockerfile:
                return await self._made(talk, image, log, options)
            return await self._fetched(talk, image, log, options)

    async def _fetched(self, talk: Talk, image: Image, log: Log, options: Sequence[str]) -> Base:
        name = address_of(image)
        found = await _find(talk, name)
        if found is not None:
            return found
        log(f"Fetching the image {name}.")
        async with Place(self._folder, _digest(name)).locked(lambda: None) as lock:
            words = _with(talk, ["pull", "--quiet", name], options)
            ended = await talk.tell(words, said=log, held=lock)
        found = await _find(talk, name)
        if ended.code != 0 or found is None:
            raise UnavailableError(
                CODE,
                f"The image {shown(name)} cannot be fetched: {_last(ended.lines)}",
                target="image",
                hint="Check its name, and the address, the user and the password of its registry.",
            )
        return found

    async def _made(self, talk: Talk, image: Image, log: Log, options: Sequence[str]) -> Base:
        name = f"localhost/zaffre-base:{_key(image)[:32]}"
        found = await _find(talk, name)
        if found is not None:
            log(f"The Dockerfile is built already: {name}.")
            return found
        place = Place(self._folder, _key(image))
        async with place.locked(lambda: log("Waiting for another build.")) as lock:
            with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
                context = await self._context(Path(folder), image)
                words = [
                    *("build", *isolation(talk), "--network=host", f"--tag={name}"),
                    *(f"--file={Path(folder, 'Dockerfile')}", str(context)),
                ]
                ended = await talk.tell(_with(talk, words, options), said=log, held=lock)
        found = await _find(talk, name)
        if ended.code != 0 or found is None:
            raise _broken(ended.lines)
        return found

    async def _context(self, folder: Path, image: Image) -> Path:
        (folder / "Dockerfile").write_text(image.dockerfile, encoding="utf-8")
        context = folder / "context"
        context.mkdir()
        context.chmod(0o755)
        for path, digest in image.files.items():
            target = context / path
            _make_folders(context, PurePosixPath(path).parent)
            try:
                await self._copy(digest, target)
                await asyncio.to_thread(_open_up, target)
            except NotFoundError as error:
                raise UnavailableError(
                    CODE,
                    f"The file {shown(path)} beside the Dockerfile is no longer in the workspace.",
                    target="image.files",
                    hint="Submit the run, or register the environment, again.",
                ) from error
        return context


def _make_folders(context: Path, below: PurePosixPath) -> None:
    for folder in (*reversed(below.parents), below):
        (context / folder).mkdir(exist_ok=True)
        (context / folder).chmod(0o755)


def _open_up(file: Path) -> None:
    """Give a file of the context the rights that it has in people's folders.

    What the server writes is its owner's alone, and a copy in an image would be, too.
    """
    with file.open("rb") as opened:
        is_program = opened.read(4).startswith((b"#!", b"\x7fELF"))
    file.chmod(0o755 if is_program else 0o644)


def isolation(talk: Talk) -> list[str]:
    """Return how the steps of a build are kept apart from the machine.

    What Podman runs in containers of their own would go on when it is killed.
    """
    return ["--isolation=chroot"] if talk.engine.kind == "podman" else ["--progress=plain"]


async def _find(talk: Talk, name: str) -> Base | None:
    found = await talk.image(name)
    return None if found is None else Base(name, str(found["Id"]).removeprefix("sha256:"))


@contextmanager
def _credentials(talk: Talk, image: Image) -> Iterator[list[str]]:
    """Yield what names a file with the user and the password of a registry, if there are any."""
    if not image.username or not image.password:
        yield []
        return
    host = _host(address_of(image))
    secret = base64.b64encode(f"{image.username}:{image.password}".encode()).decode()
    with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
        path = Path(folder, "config.json")
        path.touch(mode=0o600)
        path.write_text(json.dumps({"auths": {host: {"auth": secret}}}))
        yield [f"--authfile={path}"] if talk.engine.kind == "podman" else [f"--config={folder}"]


def _with(talk: Talk, words: list[str], options: Sequence[str]) -> list[str]:
    """Return a command with the file of credentials where its engine expects it."""
    if talk.engine.kind == "podman":
        return [words[0], *options, *words[1:]]
    return [*options, *words]


def _host(address: str) -> str:
    first, slash, _ = address.partition("/")
    is_host = bool(slash) and (set(".:") & set(first) or first == "localhost")
    return first if is_host else _HUB


def _key(image: Image) -> str:
    return _digest(json.dumps([image.dockerfile, sorted(image.files.items())]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _broken(lines: Sequence[str]) -> UnavailableError:
    found = next(
        (match for line in reversed(lines) for one in _STEPS if (match := one.search(line))), None
    )
    hint = "The log of the build says what each of its steps wrote."
    if found is None:
        message = f"The Dockerfile cannot be built: {_last(lines)}"
    else:
        step = re.sub(r"^/bin/sh -c ", "RUN ", found["step"])
        message = f"The step {shown(step)} of the Dockerfile failed: {found['why']}."
    return UnavailableError(CODE, message, target="image.dockerfile", hint=hint)


def _last(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "no answer")
