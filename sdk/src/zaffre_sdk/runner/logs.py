"""The logs of an attempt: one for each process that writes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from zaffre_sdk.runner.group import Output
from zaffre_sdk.runner.link import Link
from zaffre_sdk.runner.order import Order
from zaffre_sdk.runner.pump import LogPump


class Logs:
    """A pump for each log, made when it is first needed.

    Attributes:
        main: The log where the runner says what it has to say.
    """

    def __init__(self, link: Link, order: Order, *, main: str, file: Path) -> None:
        self.main = main
        self._link = link
        self._order = order
        self._file = file
        self._pumps: dict[str, LogPump] = {}

    def read_from(self, outputs: Iterable[Output]) -> None:
        """Begin to read what processes write, until the last writer has closed it."""
        for output in outputs:
            self._pump(output.log_path).read_from(output.stream)

    def write(self, line: str) -> None:
        """Add a line to the main log."""
        self._pump(self.main).write(f"zaffre: {line}\n".encode(errors="backslashreplace"))

    def tail(self, path: str) -> str:
        """Return the end of one of them."""
        return self._pump(path).tail()

    def finish_reading(self, *, seconds: float) -> None:
        """Wait until everything was read, for some time: a writer may be out of reach."""
        deadline = time.monotonic() + seconds
        for pump in self._pumps.values():
            pump.finish_reading(seconds=max(deadline - time.monotonic(), 0.0))

    def finish(self) -> None:
        """Wait until everything was sent, however long the server is away."""
        for pump in self._pumps.values():
            pump.finish()

    def _pump(self, path: str) -> LogPump:
        if path not in self._pumps:
            number = len(self._pumps)
            file = self._file.with_name(f"{self._file.stem}_{number}{self._file.suffix}")
            self._pumps[path] = LogPump(self._link, self._order, log_path=path, file=file)
        return self._pumps[path]
