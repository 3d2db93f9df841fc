"""What an import came to: counts, and by name what did not come."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from zaffre_sdk.errors import SdkError, ServerUnreachableError

from zaffre.importing.errors import BrokenThingError, OutOfReachError

_TELL_SECONDS: Final = 1.0
_KINDS: Final = (
    "experiments",
    "runs",
    "metric values",
    "files",
    "logged models",
    "registered models",
    "versions",
    "traces",
)


class Report:
    """Counts what came, from any thread, and says so now and then.

    Attributes:
        new: How many of each kind came.
        known: How many of each kind were there already.
        problems: What could not come, and why.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.new: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.problems: list[tuple[str, str]] = []
        self._say = say
        self._lock = threading.Lock()
        self._began = self._told = monotonic()

    def came(self, kind: str, count: int = 1) -> None:
        """Count what came."""
        with self._lock:
            self.new[kind] += count
            self._tell()

    def was_there(self, kind: str, count: int = 1) -> None:
        """Count what was there already."""
        with self._lock:
            self.known[kind] += count
            self._tell()

    def failed(self, name: str, reason: object) -> None:
        """Note what could not come."""
        with self._lock:
            self.problems.append((name, str(reason)))

    @contextmanager
    def about(self, name: str, failed: list[str] | None = None) -> Iterator[None]:
        """Note it, and go on, when what happens inside fails for a reason of its own.

        Raises:
            ServerUnreachableError: The workspace is gone; then nothing else can come, either.
        """
        try:
            yield
        except ServerUnreachableError:
            raise
        except (BrokenThingError, OutOfReachError, SdkError, OSError) as error:
            self.failed(name, error)
            if failed is not None:
                failed.append(name)

    def summary(self, *, verb: str) -> list[str]:
        """Return lines for people."""
        lines = [f"{verb} in {monotonic() - self._began:.1f} seconds:"]
        for kind in _KINDS:
            known = self.known[kind]
            if self.new[kind] or known:
                there = f" ({known} were there already)" if known else ""
                lines.append(f"  {self.new[kind]:>8} {kind}{there}")
        if self.problems:
            lines.append(f"  {len(self.problems):>8} things could not be brought:")
            lines += [f"{'':11}{name}: {reason}" for name, reason in self.problems]
        return lines

    def _tell(self) -> None:
        now = monotonic()
        if now - self._told < _TELL_SECONDS:
            return
        self._told = now
        runs = self.new["runs"] + self.known["runs"]
        rate = runs / (now - self._began)
        counts = ", ".join(f"{self.new[kind]} {kind}" for kind in _KINDS if self.new[kind])
        self._say(f"{counts or 'nothing new yet'} ({rate:.0f} runs a second)")
