"""The containers of a run: its processes are put into them, and none is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from zaffre_sdk.containers.engines import NoEngineError, engine_environ
from zaffre_sdk.containers.guard import Guard
from zaffre_sdk.containers.remembered import remembered_engine
from zaffre_sdk.containers.removing import labels_of
from zaffre_sdk.containers.running import (
    Mount,
    Process,
    client_environ,
    container_name,
    run_words,
    steering_text,
)
from zaffre_sdk.runner.command import ContainerError, ProcessPlan
from zaffre_sdk.runner.order import Folders, Order
from zaffre_sdk.runner.server_copy import ServerCopy
from zaffre_sdk.wire.runs import AttemptStarted, Container

_SECONDS_TO_ANSWER = 60
_SIGNALLED = 128
_SIGNALS = range(_SIGNALLED + 1, _SIGNALLED + 65)
_MB = 1 << 20
# What an engine ends with when it cannot start a process, and as what it then knows the container.
_ENGINE_CODES = frozenset({125, 126, 127})
_UNSTARTED = frozenset({None, "created", "configured", "initialized"})
_MOST_FOLDERS = 100
# What of this machine a process in a container is to know, too.
_PASSED = frozenset({"TZ", "CUDA_VISIBLE_DEVICES"})
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})


class ContainerEnd(NamedTuple):
    """How the process in a container ended.

    Attributes:
        exit_code: Negative for a signal.
        memory_mb: The limit of its memory, when it was killed for wanting more.
        is_unstarted: Nothing was started in it; the engine says why in the log.
    """

    exit_code: int
    memory_mb: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)
    is_unstarted: bool = False


class Containers:
    """The containers of one attempt.

    Attributes:
        inherited: What processes in them find set, as the image says; in place of what the
            processes of this machine inherit.

    Raises:
        ContainerError: There is no engine, or no such image.
    """

    def __init__(self, order: Order, started: AttemptStarted, folders: Folders) -> None:
        self._order = order
        self._started = started
        self._folders = folders
        self._image = str(started.image)
        self._client = engine_environ(os.environ)
        try:
            self._engine = remembered_engine(
                Path(order.server_file).with_name("engine.json"), os.environ
            )
        except NoEngineError as error:
            raise ContainerError(
                f"The image `{self._image}` needs a container engine, and this machine has none: "
                f"{error}."
            ) from error
        self.inherited = {**_passed(os.environ), **self._image_environ()}
        self._copy = ServerCopy(Path(order.server_file), folders.work.parent / "server")
        self._plans: list[ProcessPlan] = []
        self._files: list[Path] = []
        self._labels = labels_of(order.workspace_id, order.run_id, order.attempt)
        self._guard = Guard(self._engine, self._labels, environ=self._client)

    def put(self, plans: Sequence[ProcessPlan], places: Iterable[str]) -> list[ProcessPlan]:
        """Return what starts these processes, each in a container of its own.

        Args:
            plans: What is to run in them.
            places: Folders and files of this machine that they are given.
        """
        mounts = tuple(self._mounts(places))
        self._plans = [self._put(number, plan, mounts) for number, plan in enumerate(plans)]
        return self._plans

    def ended(self, plan: ProcessPlan, exit_code: int) -> ContainerEnd:
        """Return how the container ended whose client ended with `exit_code`."""
        found = self._inspect("container", self._name(self._plans.index(plan)))
        state = found.get("State") or {}
        if state.get("Status") in _UNSTARTED and exit_code in _ENGINE_CODES:
            return ContainerEnd(exit_code, is_unstarted=True)
        code = _SIGNALLED - exit_code if exit_code in _SIGNALS else exit_code
        memory = (found.get("HostConfig") or {}).get("Memory") or 0
        # Not every engine notes it; but what a limit kills is killed like this.
        is_over = bool(state.get("OOMKilled") and exit_code) or code == -signal.SIGKILL
        return ContainerEnd(code, memory_mb=memory // _MB if is_over and memory else None)

    def close(self) -> None:
        """Remove them all, and wait until they are gone."""
        self._guard.release()
        self._copy.close()
        for file in self._files:
            file.unlink(missing_ok=True)

    def _name(self, index: int) -> str:
        order = self._order
        return container_name(order.workspace_id, order.run_id, order.attempt, index)

    def _put(self, number: int, plan: ProcessPlan, mounts: tuple[Mount, ...]) -> ProcessPlan:
        resources = self._started.resources
        asked = self._started.spec.container or Container()
        client = {**self._client, **_marks(plan.environ)}
        environ = {**plan.environ, "ZAFFRE_SERVER_FILE": str(self._copy.file)}
        process = Process(
            name=self._name(number),
            image=self._image,
            command=tuple(plan.argv),
            environ=environ,
            folder=str(self._folders.work),
            mounts=mounts,
            labels=self._labels,
            arguments=tuple(asked.arguments),
            shm_size=asked.shm_size,
            cores=resources.cores,
            memory_mb=resources.memory_mb,
            gpus=resources.gpus,
            variables_file=self._written(number, steering_text(environ, client)),
        )
        return plan._replace(
            argv=run_words(self._engine, process, client=client),
            environ=client_environ(process, client),
        )

    def _written(self, number: int, text: str) -> str:
        """Write variables where only this user and the engine read them; no file for none."""
        if not text:
            return ""
        file = self._folders.work.parent / f"variables-{number}"
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
        self._files.append(file)
        return str(file)

    def _image_environ(self) -> dict[str, str]:
        said = self._inspect("image", self._image)
        if not said:
            raise ContainerError(
                f"The image `{self._image}` is not on this machine: it was removed since the "
                "environment was built, or the run executes on another machine than the server. "
                "Submit the run again, to a target on the server's machine."
            )
        pairs = (str(pair).partition("=") for pair in (said.get("Config") or {}).get("Env") or ())
        home = {} if self._engine.user == "0:0" else {"HOME": "/tmp"}  # noqa: S108 (there is no other)
        return {**home, **{name: value for name, _, value in pairs}}

    def _mounts(self, places: Iterable[str]) -> Iterator[Mount]:
        own = [self._folders.work, self._folders.spool, self._folders.data, self._folders.ranks]
        if self._started.spec.spark is not None:
            own.append(self._folders.spark)
        for folder in own:
            folder.mkdir(mode=0o700, exist_ok=True)
            yield Mount(str(folder))
        yield Mount(str(self._copy.file.parent), read_only=True)
        given = [Path(place) for place in places if Path(place).is_absolute()]
        outside = _outermost(
            place if place.is_dir() else place.parent
            for place in given
            if not any(folder in (place, *place.parents) for folder in own)
        )
        # Inputs that are not copied are links to where the files lie.
        shown = {*own, *outside}
        linked = _outermost(
            target
            for target in _targets([self._folders.data, *given])
            if shown.isdisjoint((target, *target.parents))
        )
        for folder in (*outside, *linked):
            self._check(folder)
            yield Mount(str(folder), read_only=folder not in outside)

    def _check(self, folder: Path) -> None:
        """Refuse to show a container what would show it the secrets of the server."""
        home = Path(self._order.server_file).parent.resolve()
        real = folder.resolve()
        data = home / "datastores"
        if real in (home, *home.parents) or (home in real.parents and data not in real.parents):
            raise ContainerError(
                f"The folder `{folder}` cannot be shown to a container, since the home of the "
                "server lies in it. Give the data by another path."
            )

    def _inspect(self, what: str, name: str) -> dict[str, Any]:
        """Return what the engine knows of a thing; empty when there is none."""
        try:
            # Its exit code is not known: the runner fetches all children that end.
            done = subprocess.run(  # noqa: S603 (the engine that was found)
                self._engine.command(what, "inspect", name),
                capture_output=True,
                check=False,
                env=self._client,
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS_TO_ANSWER,
            )
            found = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return {}
        return found[0] if found else {}


def _passed(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name in _PASSED or name.upper() in _PROXIES
    }


def _marks(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which every process of an attempt is known."""
    names = ("AZUREML_WORKSPACE_ID", "AZUREML_RUN_ID", "ZAFFRE_ATTEMPT")
    return {name: environ[name] for name in names if name in environ}


def _targets(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the folders that links below these places lead to."""
    for place in places:
        for parent, folders, names in os.walk(place):
            for name in (*folders, *names):
                link = os.path.join(parent, name)  # noqa: PTH118 (thousands of files)
                if os.path.islink(link):  # noqa: PTH114 (as above)
                    target = Path(os.path.realpath(link))
                    yield target if target.is_dir() else target.parent


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Return folders without those that lie in others of them; few, if need be by going up."""
    kept: list[Path] = []
    for folder in sorted(set(folders)):
        if not kept or not folder.is_relative_to(kept[-1]):
            kept.append(folder)
    if len(kept) <= _MOST_FOLDERS:
        return kept
    return _outermost(folder.parent for folder in kept)
