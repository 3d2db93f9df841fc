"""The first program of a pod: makes what the run needs, and becomes its runner."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from zaffre.adapters.launchers.elsewhere.agent import environments, runners
from zaffre.adapters.launchers.elsewhere.agent import place as places
from zaffre.adapters.launchers.elsewhere.agent.voice import Link, OverError, Voice

if TYPE_CHECKING:
    from collections.abc import Mapping

UNPREPARED = 86
"""Why is said to the server, and, as it may not be reached, in the last words of the log."""
LAST_WORDS = "The run cannot be prepared:"
_ENDED = 143
_NOT_PASSED = ("wanted", "machine")


def main(order_folder: str, root: str) -> None:
    """Prepare a run and become its runner.

    Args:
        order_folder: Holds `order.json`.
        root: A folder where anybody may write.
    """
    # Without this the first process of a container does not heed it at all.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(_ENDED))
    order = json.loads((Path(order_folder) / "order.json").read_bytes())
    # Whoever the image says that we are may write into the volume, and does not own it.
    place = places.Place(str(Path(root) / "own"))
    _make_home(Path(root))
    place.prepare()
    link = Link(order)
    try:
        link.beat()
        python = _prepared(place, order, link)
    except (OverError, places.DroppedError) as error:
        sys.stdout.write(f"Nobody wants this pod any more: {error}\n")
        sys.exit(0)
    except (places.FailedError, OSError) as error:
        _give_up(link, str(error))
    _become(python, order, place.root / "run")


def _prepared(place: places.Place, order: dict[str, Any], link: Link) -> str:
    """Return the interpreter of the run's environment."""
    voice = Voice(link)
    work = environments.Work(voice.say)
    voice.start(work.drop)
    try:
        wanted = _fitting(order, place.root)
        for digest in place.missing(_needed(wanted)):
            work.check()
            _fetch(place, link, digest)
        return environments.prepare(place, wanted, work)
    finally:
        voice.stop()


def _fitting(order: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return what is wanted, for the machine that this is."""
    wanted = dict(order["wanted"])
    # Files of packages that are already there are linked, where both are on one disk.
    wanted["index"] = {**wanted["index"], "UV_CACHE_DIR": str(root / "cache")}
    if wanted["own"]:
        wanted["own"] = [*wanted["own"], sys.executable]
    if not wanted["python"]:
        wanted["python"] = "{}.{}".format(*sys.version_info[:2])
    if (platform.system(), platform.machine()) != ("Linux", order["machine"]):
        # What another processor needs besides is not known.
        wanted = {**wanted, "is_whole": False, "uv": ""}
    if shutil.which("uv"):
        wanted["uv"] = ""
    return wanted


def _needed(wanted: dict[str, Any]) -> list[str]:
    """Return the files that the environment is made of, by digest."""
    found = [wanted["sdk"]["digest"], *(wheel["digest"] for wheel in wanted["wheels"])]
    return [*found, wanted["uv"]] if wanted["uv"] else found


def _fetch(place: places.Place, link: Link, digest: str) -> None:
    size = 0

    def take(offset: int, chunk: bytes) -> None:
        nonlocal size
        size = offset + len(chunk)
        try:
            place.take(digest, chunk, offset=offset, last=False)
        except OSError as error:
            # Such as a full disk, which is no reason to ask again.
            raise places.FailedError(f"A file cannot be written in the pod: {error}") from error

    link.fetch(digest, take)
    place.take(digest, b"", offset=size, last=True)


def _make_home(root: Path) -> None:
    """Give a user without a home of its own one: many programs keep something there."""
    if not os.access(os.path.expanduser("~"), os.W_OK):  # noqa: PTH111 (may name no user)
        os.environ["HOME"] = str(root)


def _give_up(link: Link, message: str) -> NoReturn:
    """Say why the run cannot be prepared, to the server and to the cluster, and end."""
    try:
        if link.was_heard:
            link.fail("EnvironmentBuildFailed", message)
    except (OverError, places.FailedError) as error:
        sys.stderr.write(f"{error}\n")
    sys.stderr.write(f"{LAST_WORDS}\n{message}\n")
    sys.exit(UNPREPARED)


def _become(python: str, order: dict[str, Any], folder: Path) -> NoReturn:
    folder.mkdir(mode=0o700, exist_ok=True)
    told = {name: value for name, value in order.items() if name not in _NOT_PASSED}
    content = {
        **told,
        "python": python,
        "server_file": str(folder / "server.json"),
        "is_held": True,
    }
    places.write_json(folder / "order.json", content)
    os.chdir(folder)
    sys.stdout.flush()
    environ: Mapping[str, str] = {
        **runners.inherited(),
        **runners.marks_of(order["workspace_id"], order["run_id"], order["attempt"]),
    }
    os.execve(python, [python, "-m", "zaffre_sdk.runner", str(folder / "order.json")], environ)  # noqa: S606 (the runner)
