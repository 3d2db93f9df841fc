"""The images that environments begin with: found here, fetched, or made by a Dockerfile."""

import asyncio
import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from zaffre.adapters.builders.private_wheels import CopyBlob
from zaffre.adapters.containers.base_shelf import BaseShelf
from zaffre.adapters.containers.engine import Log, Talk
from zaffre.adapters.containers.private import PrivateImages, repository_of
from zaffre.adapters.containers.taken import images_in
from zaffre.base.text import shown
from zaffre.domain.containers import address_of, is_image_name
from zaffre.domain.environments import Image
from zaffre.domain.errors import NotFoundError, UnavailableError

CODE: Final = "EnvironmentBuildFailed"
_HUB: Final = "https://index.docker.io/v1/"
_NAMES_OF_HUB: Final = frozenset({"docker.io", "index.docker.io"})
_WAITING: Final = "Waiting for another build."
# What engines say when no registry answers.
_UNREACHED: Final = re.compile(
    r"(?:initializing source|container registry|source metadata|pull|daemon|build container).*"
    r"(?:dial tcp|no such host|connection refused|i/o timeout|TLS handshake timeout|"
    r"network is unreachable|server misbehaving|failure in name resolution)"
)
_OURS: Final = frozenset({"zaffre-base", "zaffre-environment"})
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
        names: All that the engine calls it.
    """

    name: str
    id: str
    names: tuple[str, ...] = field(default=(), compare=False)


class _Asked(NamedTuple):
    """What is asked for, and who is told.

    Attributes:
        options: Of the engine, which name the file with the password.
    """

    talk: Talk
    image: Image
    log: Log
    options: Sequence[str]


class UnreachableRegistryError(UnavailableError):
    """An image cannot be fetched, because nobody answers where it lies."""


class Bases:
    """Brings bases.

    Args:
        folder: Keeps the locks, and what is known of them.
        copy: Writes the bytes of a digest to a file.
    """

    def __init__(self, folder: Path, copy: CopyBlob) -> None:
        self._folder = folder
        self._copy = copy
        self._shelf = BaseShelf(folder)
        self._private = PrivateImages(folder / "private")

    async def bring(self, talk: Talk, image: Image, log: Log) -> Base:
        """Return the base that is asked for.

        Raises:
            UnavailableError: `EnvironmentBuildFailed`, saying what failed and why.
            UnreachableRegistryError: Nobody answers where it would be fetched.
        """
        with _credentials(talk, image) as options:
            asked = _Asked(talk, image, log, options)
            return await (self._by_file(asked) if image.dockerfile else self._by_name(asked))

    async def present(self, talk: Talk, image: Image) -> Base | None:
        """Return the base when it is on this machine."""
        return await _find(talk, _tag(image) if image.dockerfile else address_of(image))

    async def _by_name(self, asked: _Asked) -> Base:
        _check_whose(address_of(asked.image))
        key = _digest(address_of(asked.image))
        async with self._shelf.place(key).locked(lambda: None) as lock:
            base = await self._fetched(asked, key, lock)
            # Still under the lock: whoever removes images sees it used, or has removed it before.
            await asyncio.to_thread(self._shelf.use, key)
        return base

    async def _by_file(self, asked: _Asked) -> Base:
        for name in await asyncio.to_thread(images_in, asked.image.dockerfile):
            await self._ask_for(name, asked)
        key = _key(asked.image)
        async with self._shelf.place(key).locked(lambda: asked.log(_WAITING)) as lock:
            base = await self._made(asked, key, lock)
            await asyncio.to_thread(self._shelf.use, key)
        return base

    async def _fetched(self, asked: _Asked, key: str, lock: int) -> Base:
        talk, image = asked.talk, asked.image
        name = address_of(image)
        there = await _find(talk, name)
        if there is not None and await self._is_for(image, there.names):
            return there
        asked.log(f"Fetching the image {name}.")
        words = _with(talk, ["pull", "--quiet", name], asked.options)
        ended = await talk.tell(words, said=asked.log, held=lock)
        found = await _find(talk, name)
        if ended.code != 0 or found is None:
            raise _unfetched(name, ended.lines)
        await asyncio.to_thread(self._private.remember, image)
        if there is None:
            await asyncio.to_thread(self._shelf.put, key, found.name, found.id)
        return found

    async def _made(self, asked: _Asked, key: str, lock: int) -> Base:
        talk, image = asked.talk, asked.image
        name = _tag(image)
        found = await _find(talk, name)
        if found is not None:
            asked.log(f"The Dockerfile is built already: {name}.")
            return found
        with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
            context = await self._context(Path(folder), image)
            words = [
                *("build", *isolation(talk), "--network=host", f"--tag={name}"),
                *(f"--file={Path(folder, 'Dockerfile')}", str(context)),
            ]
            ended = await talk.tell(_with(talk, words, asked.options), said=asked.log, held=lock)
        found = await _find(talk, name)
        if ended.code != 0 or found is None:
            raise _broken(ended.lines)
        await asyncio.to_thread(self._shelf.put, key, found.name, found.id)
        return found

    async def _ask_for(self, name: str, asked: _Asked) -> None:
        """Have the registry say whether an image that a Dockerfile names is for whoever asks.

        Whose it is would not be known any more if the build fetched it.
        """
        _check_whose(name)
        image = replace(asked.image, name=name, registry="", dockerfile="", files={})
        is_name = is_image_name(name)
        found = await asked.talk.image(name) if is_name else None
        if not is_name or (found is not None and _is_identifier(name, found)):
            if await asyncio.to_thread(self._private.are_there):
                raise _untold(name)
            return
        if found is None:
            is_of_host = _host(name) == _host(address_of(asked.image))
            is_to_ask = bool(image.password) and "/" in name and is_of_host
        else:
            is_to_ask = not await self._is_for(image, _names(found))
        if is_to_ask:
            await self._by_name(asked._replace(image=image))

    async def _is_for(self, image: Image, names: Sequence[str]) -> bool:
        return await asyncio.to_thread(self._private.may_use, image, names)

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
    if found is None or _is_identifier(name, found):
        return None
    return Base(name, _id(found), _names(found))


def _id(found: Mapping[str, Any]) -> str:
    return str(found["Id"]).removeprefix("sha256:")


def _is_identifier(name: str, found: Mapping[str, Any]) -> bool:
    """Whether an engine took the beginning of an identifier for a name; here only names are."""
    return _id(found).startswith(name.removeprefix("sha256:"))


def _names(found: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, (*(found.get("RepoTags") or ()), *(found.get("RepoDigests") or ()))))


def _check_whose(name: str) -> None:
    """Refuse the names of what was made for others, which no registry guards.

    Raises:
        UnavailableError: It is one.
    """
    if repository_of(name).removeprefix("localhost/") in _OURS:
        raise UnavailableError(
            CODE,
            f"The image {shown(name)} was made for an environment, and is not given to others.",
            target="image",
            hint="Name the image that it begins with, and the packages.",
        )


def _untold(name: str) -> UnavailableError:
    return UnavailableError(
        CODE,
        f"It cannot be told which image {shown(name)} in the Dockerfile is.",
        target="image.dockerfile",
        hint="Some images of this server are private. Write the name of the image in full.",
    )


def _unfetched(name: str, lines: Sequence[str]) -> UnavailableError:
    is_alone = any(_UNREACHED.search(line) for line in lines)
    return (UnreachableRegistryError if is_alone else UnavailableError)(
        CODE,
        f"The image {shown(name)} cannot be fetched: {_last(lines)}",
        target="image",
        hint="Check its name, and the address, the user and the password of its registry.",
    )


def _tag(image: Image) -> str:
    return f"localhost/zaffre-base:{_key(image)[:32]}"


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
    return first if is_host and first not in _NAMES_OF_HUB else _HUB


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
    is_alone = any(_UNREACHED.search(line) for line in lines)
    kind = UnreachableRegistryError if is_alone else UnavailableError
    return kind(CODE, message, target="image.dockerfile", hint=hint)


def _last(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "no answer")
