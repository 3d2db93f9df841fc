"""The images that environments begin with: found here, fetched, or made by a Dockerfile."""

import asyncio
import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from zaffre.adapters.builders.private_wheels import CopyBlob
from zaffre.adapters.containers.base_shelf import BaseShelf
from zaffre.adapters.containers.engine import Log, Talk
from zaffre.adapters.containers.private import PrivateImages
from zaffre.base.text import shown
from zaffre.domain.containers import address_of
from zaffre.domain.environments import Image
from zaffre.domain.errors import NotFoundError, UnavailableError

CODE: Final = "EnvironmentBuildFailed"
_HUB: Final = "https://index.docker.io/v1/"
_WAITING: Final = "Waiting for another build."
# What engines say when no registry answers.
_UNREACHED: Final = re.compile(
    r"(?:initializing source|container registry|source metadata|pull|daemon|build container).*"
    r"(?:dial tcp|no such host|connection refused|i/o timeout|TLS handshake timeout|"
    r"network is unreachable|server misbehaving|failure in name resolution)"
)
_ARG: Final = re.compile(r"^\s*ARG\s+(?P<name>\w+)=(?P<value>\S+)", re.IGNORECASE | re.MULTILINE)
_TAKEN: Final = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)|(?:--from=|,from=)(?P<other>[^\s,]+)",
    re.IGNORECASE | re.MULTILINE,
)
_VARIABLE: Final = re.compile(r"\$\{?(?P<name>\w+)(?::-[^}]*)?\}?")
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
            if image.dockerfile:
                base, key = await self._made(talk, image, log, options), _key(image)
            else:
                base, key = await self._fetched(talk, image, log, options), _key_of_name(image)
        await asyncio.to_thread(self._shelf.use, key)
        return base

    async def present(self, talk: Talk, image: Image) -> Base | None:
        """Return the base when it is on this machine."""
        return await _find(talk, _tag(image) if image.dockerfile else address_of(image))

    async def _fetched(self, talk: Talk, image: Image, log: Log, options: Sequence[str]) -> Base:
        name = address_of(image)
        found = await _find(talk, name)
        if found is not None and await asyncio.to_thread(self._private.may_use, image):
            return found
        log(f"Fetching the image {name}.")
        key = _key_of_name(image)
        async with self._shelf.place(key).locked(lambda: None) as lock:
            words = _with(talk, ["pull", "--quiet", name], options)
            ended = await talk.tell(words, said=log, held=lock)
            was_here, found = found is not None, await _find(talk, name)
            if ended.code != 0 or found is None:
                raise _unfetched(name, ended.lines)
            await asyncio.to_thread(self._private.remember, image)
            if not was_here:
                await asyncio.to_thread(self._shelf.put, key, found.name, found.id)
        return found

    async def _made(self, talk: Talk, image: Image, log: Log, options: Sequence[str]) -> Base:
        await self._ask_for_private(talk, image, log, options)
        name = _tag(image)
        found = await _find(talk, name)
        if found is not None:
            log(f"The Dockerfile is built already: {name}.")
            return found
        async with self._shelf.place(_key(image)).locked(lambda: log(_WAITING)) as lock:
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
            await asyncio.to_thread(self._shelf.put, _key(image), found.name, found.id)
        return found

    async def _ask_for_private(
        self, talk: Talk, image: Image, log: Log, options: Sequence[str]
    ) -> None:
        """Have the registry say whether what the Dockerfile begins with is for whoever asks."""
        for name in images_in(image.dockerfile):
            if self._private.is_private(name):
                await self._fetched(
                    talk, replace(image, name=name, registry="", dockerfile=""), log, options
                )

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
    if found is None:
        return None
    image_id = str(found["Id"]).removeprefix("sha256:")
    # An engine takes the beginning of an identifier for a name; here only names are.
    return None if image_id.startswith(name.removeprefix("sha256:")) else Base(name, image_id)


def images_in(dockerfile: str) -> list[str]:
    """Return the images that a Dockerfile takes something from."""
    values = {found["name"]: found["value"].strip("\"'") for found in _ARG.finditer(dockerfile)}

    def named(found: re.Match[str]) -> str:
        return values.get(found["name"], "")

    words = [found["image"] or found["other"] for found in _TAKEN.finditer(dockerfile)]
    return list(dict.fromkeys(_VARIABLE.sub(named, word) for word in words))


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


def _key_of_name(image: Image) -> str:
    return _digest(address_of(image))


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
    is_alone = any(_UNREACHED.search(line) for line in lines)
    kind = UnreachableRegistryError if is_alone else UnavailableError
    return kind(CODE, message, target="image.dockerfile", hint=hint)


def _last(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "no answer")
