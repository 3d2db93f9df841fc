"""What is sent to a machine: the agent, what environments are made of, and orders of runners."""

import hashlib
import json
import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Protocol

from packaging.utils import canonicalize_name
from uv import find_uv_bin

from zaffre.ports.launchers import RunnerOrder

_AGENT: Final = "zaffre.adapters.launchers.elsewhere.agent"
_MODULES: Final = ("place", "processes", "runners", "environments", "serving")
"""Those that need others come after them."""
_OF_PODS: Final = ("place", "processes", "runners", "environments", "voice", "pods")
_OURS: Final = ("zaffre", "azureml")
_PASSED_OPTIONS: Final = (
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--no-index",
    "--no-binary",
    "--only-binary",
)
_PLACES_ELSEWHERE: Final = ("http://", "https://")

Copy = Callable[[str, Path], Awaitable[None]]


class Wheel(Protocol):
    """The wheel of the SDK."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def version(self) -> str:
        """Of the SDK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What an environment is made of on another machine.

    Attributes:
        wanted: What `agent.environments.prepare` is asked for.
        files: What it needs there besides, by digest.
    """

    wanted: dict[str, Any]
    files: dict[str, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a machine says of itself.

    Attributes:
        python: The interpreter that the agent runs on.
        boot: What tells one start of it from another.
    """

    system: str
    machine: str
    libc: str = ""
    python: str = ""
    boot: str = ""


def this_machine() -> Machine:
    """Return what this machine is."""
    return Machine(system=platform.system(), machine=platform.machine())


@dataclass(frozen=True, slots=True)
class Packer:
    """Packs what machines need.

    Args:
        sdk: Makes the wheel of the SDK.
        index: Settings of uv that say where packages come from.
        here: What this machine is.
    """

    sdk: Callable[[], Wheel]
    index: Mapping[str, str] = field(default_factory=dict)
    here: Machine = field(default_factory=this_machine)

    def pack(
        self,
        order: RunnerOrder,
        machine: Machine,
        *,
        own: Sequence[str] = (),
        wheels: Mapping[str, Path] | None = None,
        fetched: Mapping[str, str] | None = None,
    ) -> Parcel:
        """Return what makes the environment of an order on a machine.

        An order without packages is one for an interpreter as it is, with the SDK beside what
        it has installed.

        Args:
            order: Of the runner.
            machine: Where it is to be made.
            own: Interpreters to use for orders without packages; the first that is there.
            wheels: Files of private wheels, by name.
            fetched: Digests of those that the machine fetches itself, by name.
        """
        sdk = self.sdk().path
        given = {name: digest_of(path) for name, path in (wheels or {}).items()}
        given |= fetched or {}
        is_alike = (machine.system, machine.machine) == (self.here.system, self.here.machine)
        uv = Path(find_uv_bin())
        sent = [uv] if is_alike else []
        environment = order.place.environment
        private = {_project(name) for name in given}
        wanted = {
            "python": python_of(order.python),
            "own": [] if order.place.packages else [*own],
            "packages": [
                line
                for line in order.place.packages
                if not line.startswith(_OURS) and _project(line) not in private
            ],
            "options": list(_options(environment.pip_options if environment else ())),
            "wheels": [{"name": name, "digest": digest} for name, digest in given.items()],
            "sdk": {"name": sdk.name, "digest": digest_of(sdk)},
            "is_whole": is_alike,
            "index": {name: value for name, value in self.index.items() if _is_elsewhere(value)},
        }
        key = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:32]
        return Parcel(
            wanted={**wanted, "key": key, "uv": digest_of(uv) if is_alike else ""},
            files={digest_of(path): path for path in [*(wheels or {}).values(), sdk, *sent]},
        )


def agent_sources(modules: Sequence[str] = _MODULES) -> list[tuple[str, str]]:
    """Return the modules of the agent, by name, those first that others need."""
    folder = files(_AGENT)
    return [
        (_AGENT, ""),
        *((f"{_AGENT}.{name}", (folder / f"{name}.py").read_text("utf-8")) for name in modules),
    ]


_LOADER: Final = """
import json, sys, types
if sys.version_info < (3, 8):
    sys.stderr.write("It is Python " + sys.version.split()[0] + ".")
    sys.exit(86)
{read}
for name, source in sources:
    module = types.ModuleType(name)
    parent, _, own = name.rpartition(".")
    sys.modules[name] = module
    if parent in sys.modules:
        setattr(sys.modules[parent], own, module)
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules["{agent}.{module}"].main({arguments})
"""


def agent_program(*, root: str, server: str) -> tuple[bytes, bytes]:
    """Return the program of an agent, and what it reads from its standard input first.

    Args:
        root: The folder there of all that is kept.
        server: What this server is known by.
    """
    sources = json.dumps(agent_sources()).encode()
    program = _LOADER.format(
        read=f"sources = json.loads(sys.stdin.buffer.read({len(sources)}))",
        agent=_AGENT,
        module="serving",
        arguments=f"*json.loads({json.dumps([root, server])!r})",
    )
    return program.encode(), sources


def pod_program() -> dict[str, str]:
    """Return the files of the program of a pod, which is told the folder where they lie."""
    program = _LOADER.format(
        read='with open(sys.argv[1] + "/agent.json", encoding="utf-8") as file:\n'
        "    sources = json.load(file)",
        agent=_AGENT,
        module="pods",
        arguments="*sys.argv[1:]",
    )
    return {"start.py": program, "agent.json": json.dumps(agent_sources(_OF_PODS))}


def content_of(
    order: RunnerOrder, *, server_url: str = "", server_file: str = ""
) -> dict[str, Any]:
    """Return an order as runners read it; the agent says which interpreter it is.

    Args:
        order: Of the runner.
        server_url: Where the server is reached from there.
        server_file: Where a server that was started anew writes its address; the agent has one.
    """
    return {
        "workspace_id": order.workspace_id,
        "run_id": order.run_id,
        "attempt": order.attempt,
        "token": order.token,
        "server_url": server_url or order.server_url,
        "server_file": server_file,
        "variables": order.variables,
    }


def python_of(python: str) -> str:
    """Return the version of an interpreter of this machine, such as `3.11`; nothing if unknown."""
    prefix = Path(python).parent.parent
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        # One that conda has made says so in the name of a file.
        names = [record.name for record in prefix.glob("conda-meta/python-[0-9]*.json")]
        return ".".join(names[0].split("-")[1].split(".")[:2]) if names else ""
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() in {"version", "version_info"}:
            return ".".join(value.strip().split(".")[:2])
    return ""


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, which is read once as long as it stays the same."""
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _digest(path: Path, _changed_at: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _options(lines: Sequence[str]) -> Iterator[str]:
    return (line for line in lines if line.strip().startswith(_PASSED_OPTIONS))


def _project(name: str) -> str:
    """Return the project of a line `name==version`, or of the name of a wheel."""
    first = name.partition("-" if name.endswith(".whl") else "==")[0]
    return canonicalize_name(first)


def _is_elsewhere(value: str) -> bool:
    """Tell whether a setting means the same on another machine: it names no path of this one."""
    return "/" not in value or all(word.startswith(_PLACES_ELSEWHERE) for word in value.split())
