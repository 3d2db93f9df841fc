"""The command line that runs a process in a container; pure."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from zaffre_sdk.containers.engines import STEERING, Engine

_STEERING = re.compile(
    r"(?:PATH|HOME|TMPDIR|LD_.*|GO[A-Z]+|SSL_CERT_(?:FILE|DIR)|"
    r"_?(?:BUILDAH|CONTAINERS?|DOCKER|PODMAN|STORAGE|XDG|CATATONIT)_.*)"
)
_IMPLIED = frozenset({"--rm", "--init"})
_PID_MAX = Path("/proc/sys/kernel/pid_max")


@dataclass(frozen=True)
class Mount:
    """A folder of this machine that the container sees at the same path."""

    path: str
    read_only: bool = False


@dataclass(frozen=True)
class Process:
    """A process that is put into a container.

    Attributes:
        name: Of the container.
        command: Its command line, in the container.
        environ: Its environment beside that of the image.
        folder: Where it starts.
        labels: By which the container is found again.
        arguments: Further words for `run`, as people gave them.
        cores: How many it may use; None is all.
        memory_mb: How much it may use; None is all.
        gpus: How many it may use; None is all, 0 is none.
        variables_file: Where those lie that would steer the engine itself.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    folder: str
    mounts: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    shm_size: str = ""
    cores: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)
    memory_mb: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)
    gpus: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)
    variables_file: str = ""


def run_words(engine: Engine, process: Process, *, client: Mapping[str, str]) -> list[str]:
    """Return the command line of the engine.

    The container is kept when its process has ended, so that it can be asked why.

    Args:
        engine: The engine.
        process: What runs.
        client: The environment of the engine's own process, less that of the user's process.
    """
    return engine.command(
        *("run", "--name", process.name, "--pull", "never", "--log-driver", "none"),
        *(f"--label={name}={value}" for name, value in process.labels.items()),
        *("--network", "host", "--user", engine.user, "--workdir", process.folder),
        *("--security-opt", "no-new-privileges", *_labels(engine), *_ulimits()),
        *(f"--mount={_mount(mount)}" for mount in process.mounts),
        *(["--init"] if engine.has_init else []),
        *_environ(process, client),
        # What is said last counts: nobody gives a container more than its run has.
        *_arguments(engine, process),
        *_limits(engine, process),
        *("--entrypoint", "", process.image, *process.command),
    )


def question_words(
    engine: Engine, image: str, *command: str, name: str, mounts: Sequence[str] = ()
) -> list[str]:
    """Return the command line that runs a short program in an image, apart from everything.

    Args:
        engine: The engine.
        image: The image.
        command: The program, with its arguments.
        name: Of the container, by which one that hangs is removed.
        mounts: Files of this machine that it needs, as `<path>:<path in the container>`.
    """
    return engine.command(
        *("run", "--rm", "--name", name, "--pull", "never", "--log-driver", "none"),
        *("--network", "none", "--user", "0", *_labels(engine), *_ulimits()),
        *(f"--volume={mount}:ro" for mount in mounts),
        *("--entrypoint", "", image, *command),
    )


def client_environ(process: Process, client: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that the engine's own process is given.

    The values of the user's process travel in it, and not on a command line that others see; not
    those that would steer the engine itself.
    """
    passed = {
        name: value for name, value in process.environ.items() if _is_passed(name, value, client)
    }
    return {**client, **passed}


def steering_text(environ: Mapping[str, str], client: Mapping[str, str]) -> str:
    """Return what is to stand in the file of variables, as engines read it."""
    return "".join(
        f"{name}={value}\n"
        for name, value in environ.items()
        if not _is_passed(name, value, client) and _fits_a_line(value)
    )


def _environ(process: Process, client: Mapping[str, str]) -> Iterator[str]:
    if process.variables_file:
        yield f"--env-file={process.variables_file}"
    for name, value in process.environ.items():
        if _is_passed(name, value, client):
            yield f"--env={name}"
        elif not process.variables_file or not _fits_a_line(value):
            yield f"--env={name}={value}"


def _fits_a_line(value: str) -> bool:
    return len(value.splitlines()) <= 1 and not value.endswith(("\n", "\r"))


def _is_passed(name: str, value: str, client: Mapping[str, str]) -> bool:
    if name in client:
        return client[name] == value
    return not _STEERING.fullmatch(name) and name not in STEERING


def _arguments(engine: Engine, process: Process) -> Iterator[str]:
    """Yield what people asked for, without what is so anyway, or said otherwise here."""
    without_gpus = engine.kind == "podman" or process.gpus == 0
    words = iter(process.arguments)
    for word in words:
        if word in _IMPLIED:
            continue
        if word.partition("=")[0] == "--gpus" and without_gpus:
            if "=" not in word:
                next(words, None)
            continue
        yield word


def _limits(engine: Engine, process: Process) -> Iterator[str]:
    if process.shm_size:
        yield f"--shm-size={process.shm_size}"
    if process.cores and "cpu" in engine.limits:
        yield f"--cpus={process.cores}"
    if process.memory_mb and "memory" in engine.limits:
        yield f"--memory={process.memory_mb}m"
        yield f"--memory-swap={process.memory_mb}m"
    if engine.has_gpus and process.gpus != 0:
        yield "--gpus=all" if engine.kind == "docker" else "--device=nvidia.com/gpu=all"


def _labels(engine: Engine) -> tuple[str, ...]:
    # What a run is given would have to be labelled anew else, file by file.
    return ("--security-opt", "label=disable") if engine.has_labels else ()


def _ulimits() -> Iterator[str]:
    """Say the limits of this process: without privileges an engine cannot raise its own."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 (Windows has none)

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    if files != resource.RLIM_INFINITY:
        yield f"--ulimit=nofile={files}:{files}"
    if processes != resource.RLIM_INFINITY:
        # Podman lowers its own to this, so that more cannot be had.
        most = min(processes, _pid_max())
        yield f"--ulimit=nproc={most}:{most}"


def _pid_max() -> int:
    try:
        return int(_PID_MAX.read_text())
    except (OSError, ValueError):
        return 32768


def _mount(mount: Mount) -> str:
    path = mount.path
    if "," in path or '"' in path:
        quoted = path.replace('"', '""')
        words = [f'"source={quoted}"', f'"target={quoted}"']
    else:
        words = [f"source={path}", f"target={path}"]
    return ",".join(["type=bind", *words, *(["readonly"] if mount.read_only else [])])


def container_name(*parts: object) -> str:
    """Return a name that is the same for the same parts, and no other's."""
    text = "\0".join(map(str, parts))
    return f"zaffre-{hashlib.sha256(os.fsencode(text)).hexdigest()[:32]}"
