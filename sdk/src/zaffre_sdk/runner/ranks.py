"""The processes that `mpirun` starts: what is laid ready for them, and how they end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from zaffre_sdk.runner import rank
from zaffre_sdk.runner.command import RankPlan
from zaffre_sdk.runner.members import DistributionError
from zaffre_sdk.runner.process import Leash

# As Open MPI names a process, then as it and Intel MPI name a rank.
_NAMED = (
    re.compile(r"Process name: \[\S*[,@]\s*(\d+)\]"),
    re.compile(r"\brank (\d+)\b", re.IGNORECASE),
)
# `mpirun` is left this long to end the others by itself, and to say why.
_PATIENCE = 1.0
_ENDED_BY_OTHERS = {-signal.SIGTERM, -getattr(signal, "SIGKILL", signal.SIGTERM)}


class RankEnd(NamedTuple):
    """How a rank failed.

    Attributes:
        at: When, for comparing alone.
        exit_code: Negative for a signal.
    """

    at: int
    rank: int
    exit_code: int


class Ranks:
    """The ranks of one MPI job.

    Attributes:
        outputs: What they write, in their order.
    """

    def __init__(self, folder: Path) -> None:
        self.outputs: list[IO[bytes]] = []
        self._folder = folder
        self._held: list[int] = []
        self._seen: float | None = None

    def lay(self, plans: Sequence[RankPlan], leashes: Sequence[Leash]) -> None:
        """Lay ready what each rank becomes itself with, and the pipe that it writes to.

        Args:
            plans: The ranks in their order.
            leashes: What each is tied to.

        Raises:
            DistributionError: This operating system has no such pipes.
        """
        if not hasattr(os, "mkfifo"):
            raise DistributionError(
                "MPI runs of several processes are not supported on this operating system."
            )
        self._folder.mkdir(mode=0o700, exist_ok=True)
        program = Path(str(rank.__file__))
        shutil.copyfile(program, self._folder / program.name)
        for number, (plan, leash) in enumerate(zip(plans, leashes)):
            said = {
                "variables": plan.variables,
                "processors": list(leash.processors),
                "groups": [str(path) for path in leash.groups],
            }
            (self._folder / f"{number}.json").write_bytes(msgspec.json.encode(said))
            pipe = self._folder / f"{number}.log"
            os.mkfifo(pipe, 0o600)
            # Without waiting for a writer; then held open by one, or reading would end at once.
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            self.outputs.append(os.fdopen(reader, "rb", buffering=0))
            self._held.append(os.open(pipe, os.O_WRONLY))
            os.set_blocking(reader, True)

    def have_failed(self) -> bool:
        """Tell whether one has failed, and `mpirun` had its time to see to the others."""
        if self._seen is None and any(self._folder.glob("*.exit")):
            self._seen = time.monotonic()
        return self._seen is not None and time.monotonic() - self._seen > _PATIENCE

    def first_failure(self, said: str) -> RankEnd | None:
        """Return which one failed first, as far as that can be told.

        Args:
            said: What `mpirun` wrote, which ends the others after the first.
        """
        ends = sorted(map(_end_in, self._folder.glob("*.exit")))
        named = next((found for pattern in _NAMED if (found := pattern.search(said))), None)
        if named is not None:
            ends = [end for end in ends if end.rank == int(named.group(1))] or ends
        own = [end for end in ends if end.exit_code not in _ENDED_BY_OTHERS]
        return next(iter(own or ends), None)

    def close(self) -> None:
        """Let the readers of outputs come to their end; no rank is left that writes."""
        for descriptor in self._held:
            os.close(descriptor)
        self._held = []


def _end_in(path: Path) -> RankEnd:
    at, code = path.read_text().split()
    return RankEnd(int(at), int(path.stem), int(code))
