"""What a container may be asked for: images by name or Dockerfile, and words for `docker run`."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.environments import Image
from zaffre.domain.errors import InvalidError
from zaffre.domain.files import check_digest
from zaffre.domain.paths import check_path
from zaffre.domain.runs import Container

MAX_DOCKERFILE_BYTES: Final = 1 << 20
MAX_CONTEXT_FILES: Final = 10_000
_MAX_ARGUMENTS: Final = 100

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY: Final = re.compile(rf"(?:https?://)?({_HOST})/?")
_NAME: Final = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::\w[\w.\-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?",
    re.ASCII,
)
_SIZE = r"\d+(?:\.\d+)?[kKmMgGtT]?[bB]?"
_OPTIONS: Final[dict[str, str]] = {
    "--add-host": r"[\w.\-]+:[0-9A-Fa-f.:]+",
    "--cap-add": r"(?:SYS_PTRACE|SYS_NICE|IPC_LOCK)",
    "--cap-drop": r"[A-Z_]+",
    "--cpu-shares": r"\d+",
    "--cpus": r"\d+(?:\.\d+)?",
    "--cpuset-cpus": r"[\d,\-]+",
    "--env": r"[A-Za-z_]\w*=[^\0]*",
    "--gpus": r"(?:all|\d+|\"?device=[\w,\-]+\"?)",
    "--ipc": r"(?:private|shareable|none)",
    "--memory": _SIZE,
    "--memory-reservation": _SIZE,
    "--memory-swap": rf"(?:-1|{_SIZE})",
    "--pids-limit": r"-?\d+",
    "--shm-size": _SIZE,
    "--tmpfs": r"/[\w./\-]+(?::[\w=,%]+)?",
    "--ulimit": r"[a-z]+=-?\d+(?::-?\d+)?",
}
_SHORT: Final = {"-e": "--env", "-m": "--memory"}
_FLAGS: Final = frozenset({"--init", "--read-only", "--rm"})


def is_image_name(name: str) -> bool:
    """Tell whether this names an image, so that it can stand in a Dockerfile or an argument."""
    return _NAME.fullmatch(name) is not None


def check_image(image: Image) -> None:
    """Refuse what is no image.

    Raises:
        InvalidError: `InvalidImage`, `InvalidPath` or `InvalidDigest`, naming the value.
    """
    if bool(image.name) == bool(image.dockerfile):
        raise _image("An image has either a name or a Dockerfile.", "name")
    if image.name and not is_image_name(image.name):
        raise _image(f"{shown(image.name)} is no name of an image.", "name")
    if image.registry and not _REGISTRY.fullmatch(image.registry):
        raise _image(f"{shown(image.registry)} is no address of a registry.", "registry")
    if len(image.dockerfile.encode()) > MAX_DOCKERFILE_BYTES or "\0" in image.dockerfile:
        raise _image("The Dockerfile is longer than 1 MiB, or has a NUL.", "dockerfile")
    if len(image.files) > MAX_CONTEXT_FILES:
        words = f"There are {len(image.files)} files beside the Dockerfile; at most"
        raise _image(f"{words} {MAX_CONTEXT_FILES} are taken.", "files")
    _check_files(image.files)


def address_of(image: Image) -> str:
    """Return the name by which an engine fetches an image, its registry included."""
    found = _REGISTRY.fullmatch(image.registry)
    if found is None or image.name.startswith(f"{found[1]}/"):
        return image.name
    return f"{found[1]}/{image.name}"


def check_container(container: Container) -> None:
    """Refuse arguments that would give a container more than the run has.

    Raises:
        InvalidError: `InvalidContainerArgument`, naming it and those that are allowed.
    """
    if container.shm_size and not re.fullmatch(_SIZE, container.shm_size):
        raise _argument(f"The size {shown(container.shm_size)} of /dev/shm is none such as `2g`.")
    if len(container.arguments) > _MAX_ARGUMENTS:
        raise _argument(f"There are more than {_MAX_ARGUMENTS} arguments.")
    words = iter(container.arguments)
    for word in words:
        name, equal, value = word.partition("=")
        option = _SHORT.get(name, name)
        if option in _FLAGS and not equal:
            continue
        rule = _OPTIONS.get(option)
        if rule is None:
            raise _argument(f"The argument {shown(word)} is not allowed.")
        given = value if equal else next(words, "")
        if not re.fullmatch(rule, given, re.ASCII):
            raise _argument(f"The value {shown(given)} of `{name}` is not allowed.")


def _check_files(files: Mapping[str, str]) -> None:
    for path, digest in files.items():
        check_path(path, target="image.files")
        check_digest(digest, target="image.files")
    for file, other in pairwise(sorted(f"{path}/" for path in files)):
        if other.startswith(file):
            raise _image(f"{shown(file[:-1])} is both a file and a folder.", "files")


def _image(message: str, field: str) -> InvalidError:
    return InvalidError(
        "InvalidImage",
        message,
        target=f"image.{field}",
        hint="Name an image such as `python:3.11` or `registry.example.org/team/image:1`.",
    )


def _argument(message: str) -> InvalidError:
    known = ", ".join(f"`{name}`" for name in sorted({*_OPTIONS, *_FLAGS}))
    return InvalidError(
        "InvalidContainerArgument",
        message,
        target="container.arguments",
        hint=f"Allowed are {known}. Data is given to a run as its inputs, and a run reaches the "
        "network of its machine as it is.",
    )
