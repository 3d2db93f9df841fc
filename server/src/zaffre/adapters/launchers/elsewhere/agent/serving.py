"""The agent itself: answers requests on lines, for as long as somebody is at the other end.

A line to it is `{"id", "do", "with"}`; a line of it begins with a mark, since shells say things
of their own, and is `{"id", "say"}` for people, or `{"id", "done"}`, `{"id", "failed"}`.
"""

from __future__ import annotations

import base64
import json
import os
import platform
import signal
import sys
import threading
import time
import zlib
from typing import IO, TYPE_CHECKING, Any

from zaffre.adapters.launchers.elsewhere.agent import environments, processes, runners
from zaffre.adapters.launchers.elsewhere.agent import place as places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MARK = b"\x1ezaffre "
_SSH_SERVER = "sshd"
_EVICT_SECONDS = 5.0
_POLL_SECONDS = 0.05


class Agent:
    """Works for one server, over one connection.

    Args:
        root: The folder of all that is kept here.
        server: What the server is known by.
        out: Takes the answers.
    """

    def __init__(self, root: str, server: str, out: IO[bytes]) -> None:
        self._place = places.Place(root)
        self._server = server
        self._out = out
        self._writing = threading.Lock()
        self._works: dict[int, environments.Work] = {}

    def serve(self, lines: IO[bytes]) -> None:
        """Answer until the other end is gone, and end what is being made."""
        self._place.prepare()
        self._place.server(self._server).mkdir(parents=True, exist_ok=True)
        for line in lines:
            request = json.loads(line)
            if request["do"] == "drop":
                self._drop(request["id"])
                continue
            work = self._works[request["id"]] = self._work(request["id"])
            if request["do"] == "take":
                # Its parts follow one another.
                self._answer(request, work)
                continue
            threading.Thread(target=self._answer, args=(request, work), daemon=True).start()
        for number in list(self._works):
            self._drop(number)

    def hello(self, _asked: dict[str, Any], _work: environments.Work) -> dict[str, Any]:
        """Say what this machine is; forget what is old."""
        threading.Thread(target=self._tidy, daemon=True).start()
        return {
            "system": platform.system(),
            "machine": platform.machine(),
            "libc": platform.libc_ver()[0],
            "python": sys.executable,
            "boot": processes.boot_id(),
        }

    def announce(self, asked: dict[str, Any], _work: environments.Work) -> None:
        """Write where runners reach the server from now on."""
        folder = self._place.server(self._server)
        threading.Thread(target=self._hold, args=(folder / "server.lock",), daemon=True).start()
        me = os.getpid()
        said = {"pid": me, "start": processes.start_of(me), "parent": os.getppid()}
        places.write_json(folder / "agent.json", said)
        info = {
            "url": asked["url"],
            "pid": me,
            "create_time": time.time(),
            "instance": asked["instance"],
            "version": asked["version"],
        }
        places.write_json(folder / "server.json", info)

    def evict(self, _asked: dict[str, Any], _work: environments.Work) -> bool:
        """End the connection before this one, which may not know yet that it is broken.

        What belongs to it keeps the port to which runners have become used.
        """
        known = places.read_json(self._place.server(self._server) / "agent.json")
        if not known or processes.start_of(known["pid"]) != known["start"]:
            return False
        parent = known["parent"]
        # The one that waits for connections must not be hit: those of users have an @.
        words = processes.command_of(parent)
        if processes.parent_of(known["pid"]) == parent and _is_of_user(words):
            processes.send(parent, signal.SIGKILL)
        processes.send(known["pid"], signal.SIGKILL)
        deadline = time.monotonic() + _EVICT_SECONDS
        while processes.start_of(parent) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return True

    def missing(self, asked: dict[str, Any], _work: environments.Work) -> list[str]:
        """Return which files were not sent yet."""
        return self._place.missing(asked["files"])

    def take(self, asked: dict[str, Any], _work: environments.Work) -> None:
        """Take a part of a file."""
        data = zlib.decompress(base64.b64decode(asked["data"]))
        self._place.take(asked["digest"], data, offset=asked["offset"], last=asked["last"])

    def prepare(self, asked: dict[str, Any], work: environments.Work) -> str:
        """Make an environment; return its interpreter."""
        return environments.prepare(self._place, asked, work)

    def start(self, asked: dict[str, Any], _work: environments.Work) -> dict[str, Any]:
        """Start a runner; return its handle."""
        return runners.start(self._place, {**asked, "server": self._server})

    def alive(self, asked: dict[str, Any], _work: environments.Work) -> bool:
        """Tell whether a runner lives."""
        return runners.is_alive(asked["handle"])

    def stop(self, asked: dict[str, Any], _work: environments.Work) -> dict[str, Any]:
        """End a runner."""
        return runners.stop(self._place, {**asked, "server": self._server})

    def living(self, _asked: dict[str, Any], _work: environments.Work) -> list[list[Any]]:
        """Return the attempts of the server whose runners live."""
        return runners.living(self._place, self._server)

    def _work(self, number: int) -> environments.Work:
        return environments.Work(lambda line: self._write({"id": number, "say": line}))

    def _answer(self, request: dict[str, Any], work: environments.Work) -> None:
        number = request["id"]
        try:
            done = self._method(request["do"])(request["with"], work)
            self._write({"id": number, "done": done})
        except places.DroppedError:
            self._write({"id": number, "failed": "Nobody waits for it."})
        except (places.FailedError, OSError) as error:
            self._write({"id": number, "failed": str(error)})
        except Exception as error:  # noqa: BLE001 (whoever asked must hear of it)
            self._write({"id": number, "failed": repr(error)})
        finally:
            del self._works[number]

    def _method(self, name: str) -> Callable[[dict[str, Any], environments.Work], Any]:
        if name not in _KNOWN:
            raise places.FailedError(f"Nobody here knows `{name}`.")
        method: Callable[[dict[str, Any], environments.Work], Any] = getattr(self, name)
        return method

    def _drop(self, number: int) -> None:
        work = self._works.get(number)
        if work is not None:
            work.drop()

    def _write(self, answer: dict[str, Any]) -> None:
        line = MARK + json.dumps(answer).encode() + b"\n"
        with self._writing:
            try:
                self._out.write(line)
                self._out.flush()
            except (OSError, ValueError):
                return  # The other end is gone, which ends the agent.

    def _tidy(self) -> None:
        runners.forget_old(self._place, self._server)
        environments.forget_unused(self._place, in_use=runners.pythons_in_use(self._place))

    def _hold(self, path: Path) -> None:
        """Hold the lock by which runners know that it is their server who answers."""
        with places.locked(path, waiting=lambda: None):
            threading.Event().wait()


_KNOWN = frozenset(
    {
        *("hello", "announce", "evict", "missing", "take", "prepare"),
        *("start", "alive", "stop", "living"),
    }
)


def main(root: str, server: str) -> None:
    """Serve what comes on the standard input."""
    out = os.fdopen(os.dup(1), "wb")
    # What anything here prints by chance is no answer.
    os.dup2(2, 1)
    Agent(root, server, out).serve(sys.stdin.buffer)
    out.flush()
    # Threads may still hold locks and wait.
    os._exit(0)


def _is_of_user(words: str) -> bool:
    return words.startswith(_SSH_SERVER) and "@" in words
