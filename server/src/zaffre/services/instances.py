"""Which instances run right now: kept by the engine, read by their door with every request."""

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import quote

from zaffre.ports.instances import Key, RunningInstance

PREFIX = "/instances/"
ENTER = "enter"


def base_url(key: Key) -> str:
    """Return the path under which an instance is served."""
    return f"{PREFIX}{key[0]}/{key[1]}/"


def entrance(key: Key, code: str) -> str:
    """Return where a browser is let in by a code."""
    return f"{base_url(key)}{ENTER}?code={quote(code)}"


@dataclass(slots=True)
class LiveInstance:
    """An instance that answers.

    Attributes:
        open: How many requests and web sockets lead there now.
        last: When one began or ended, on the monotonic clock.
    """

    running: RunningInstance
    last: float
    open: int = 0


@dataclass(slots=True)
class InstanceTable:
    """All of them, by workspace and name."""

    _live: dict[Key, LiveInstance] = field(default_factory=dict)

    def find(self, key: Key) -> LiveInstance | None:
        """Return the instance if it runs."""
        return self._live.get(key)

    def put(self, key: Key, running: RunningInstance, *, now: float) -> LiveInstance:
        """Let an instance be reached; what is known of it already stays."""
        live = self._live.get(key)
        if live is None or live.running != running:
            live = self._live[key] = LiveInstance(running, now)
        return live

    def keep_only(self, keys: Collection[Key]) -> None:
        """Let all others be reached no more."""
        for key in self._live.keys() - set(keys):
            del self._live[key]

    def remove(self, key: Key) -> None:
        """Let an instance be reached no more."""
        self._live.pop(key, None)
