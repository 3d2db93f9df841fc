"""Docker or Podman: found, asked what it can do, and told so that it works on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ENGINE_VARIABLE = "ZAFFRE_CONTAINER_ENGINE"
"""Names the engine to use, `podman`, `docker` or the path of one; `none` uses none."""

STEERING = frozenset(
    {
        "CONTAINERS_CONF",
        "CONTAINERS_REGISTRIES_CONF",
        "CONTAINERS_STORAGE_CONF",
        "CONTAINER_HOST",
        "DBUS_SESSION_BUS_ADDRESS",
        "DOCKER_CONFIG",
        "DOCKER_CONTEXT",
        "DOCKER_HOST",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        ENGINE_VARIABLE,
    }
)
"""The variables by which people steer an engine; whoever talks to it needs them."""

_KINDS = ("podman", "docker")
_SECONDS_TO_ANSWER = 30
_OLD_GROUPS = "v1"
_UNIX = "unix://"
_INITS = tuple(
    f"{folder}/catatonit"
    for folder in ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/bin", "/usr/bin")
)
_CDI = ("/etc/cdi/nvidia.yaml", "/etc/cdi/nvidia.json", "/var/run/cdi/nvidia.yaml")


class NoEngineError(Exception):
    """No engine of this machine works; says what was tried and why each one does not."""


class Engine(NamedTuple):
    """An engine that works.

    Attributes:
        program: Its absolute path.
        kind: `podman` or `docker`.
        options: What stands before every command, so that it works on this machine.
        user: The user in a container whose files are those of this user outside.
        limits: Which of `cpu` and `memory` it can limit.
        has_gpus: Whether it can give GPUs to containers.
        has_init: Whether it can put a process before the one of the user that passes on signals.
        has_labels: Whether SELinux labels files here.
    """

    program: str
    kind: str
    version: str
    options: tuple[str, ...] = ()
    user: str = "0:0"
    limits: frozenset[str] = frozenset()
    has_gpus: bool = False
    has_init: bool = False
    has_labels: bool = False

    @property
    def words(self) -> str:
        """Return what it is, for people."""
        return f"{self.kind.capitalize()} {self.version}"

    def command(self, *words: str) -> list[str]:
        """Return the command line that tells it `words`."""
        return [self.program, *self.options, *words]


def find_engine(environ: Mapping[str, str]) -> Engine:
    """Return the engine of this machine that works.

    Args:
        environ: Where programs are looked for, and what steers them.

    Raises:
        NoEngineError: There is none.
    """
    named = environ.get(ENGINE_VARIABLE, "")
    if named == "none":
        raise NoEngineError(f"`{ENGINE_VARIABLE}` says that none is to be used")
    reasons = []
    for name in [named] if named else _KINDS:
        try:
            return _ask(name, environ)
        except NoEngineError as error:  # noqa: PERF203 (two at most)
            reasons.append(str(error))
    raise NoEngineError("; ".join(reasons))


def engine_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what an engine needs of an environment: paths, proxies and what steers it."""
    kept = {"PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", *STEERING}
    proxies = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}
    return {
        name: value
        for name, value in environ.items()
        if name in kept or name.upper() in proxies or name.startswith("LC_")
    }


def _ask(name: str, environ: Mapping[str, str]) -> Engine:
    program = shutil.which(name, path=environ.get("PATH", os.defpath))
    if program is None:
        raise NoEngineError(f"`{name}` is not installed")
    try:
        done = subprocess.run(  # noqa: S603 (a program that the owner of the machine installed)
            [program, "info", "--format", "{{json .}}"],
            capture_output=True,
            check=False,
            env=engine_environ(environ),
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_TO_ANSWER,
        )
        said = dict(json.loads(done.stdout))
    except (OSError, TypeError, ValueError, subprocess.TimeoutExpired) as error:
        raise NoEngineError(f"`{name}` gives no answer: {_last_line(error)}") from error
    path = str(Path(program).absolute())
    if "host" in said:  # Podman, which is called `docker` on some machines
        return _podman(path, said, environ)
    if not said.get("ServerVersion"):
        why = done.stderr.decode(errors="replace").strip() or "its daemon gives no answer"
        raise NoEngineError(f"`{name}` does not work: {why.splitlines()[-1]}")
    return _docker(path, said, environ)


def _podman(program: str, said: Mapping[str, Any], environ: Mapping[str, str]) -> Engine:
    host = said["host"]
    security = host.get("security", {})
    if host.get("serviceIsRemote"):
        raise NoEngineError(f"`{program}` speaks to another machine")
    return Engine(
        program=program,
        kind="podman",
        version=str(said.get("version", {}).get("Version", "")),
        options=("--log-level", "error", *_runtime(host, environ)),
        limits=frozenset(host.get("cgroupControllers") or ()) & {"cpu", "memory"},
        has_gpus=any(Path(path).exists() for path in _CDI),
        has_init=any(Path(path).exists() for path in _INITS),
        has_labels=bool(security.get("selinuxEnabled")),
    )


def _runtime(host: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Name runc where Podman would take crun, which cannot work on control groups of old."""
    runtime = host.get("ociRuntime", {})
    if host.get("cgroupVersion") != _OLD_GROUPS or runtime.get("name") == "runc":
        return ()
    folders = [environ.get("PATH", os.defpath), "/usr/sbin", "/usr/bin"]
    found = shutil.which("runc", path=os.pathsep.join(folders))
    return ("--runtime", found) if found else ()


def _docker(program: str, said: Mapping[str, Any], environ: Mapping[str, str]) -> Engine:
    address = environ.get("DOCKER_HOST", "")
    if address and not address.startswith(_UNIX):
        raise NoEngineError(f"`{program}` speaks to another machine ({address})")
    is_rootless = "name=rootless" in (said.get("SecurityOptions") or ())
    limited = {"cpu": said.get("CpuCfsQuota"), "memory": said.get("MemoryLimit")}
    return Engine(
        program=program,
        kind="docker",
        version=str(said["ServerVersion"]),
        user="0:0" if is_rootless or not hasattr(os, "getuid") else _own_user(),
        limits=frozenset(name for name, there in limited.items() if there),
        has_gpus="nvidia" in (said.get("Runtimes") or ()),
        has_init=bool(said.get("InitBinary")),
        has_labels="name=selinux" in (said.get("SecurityOptions") or ()),
    )


def _own_user() -> str:
    return f"{os.getuid()}:{os.getgid()}"


def _last_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]
