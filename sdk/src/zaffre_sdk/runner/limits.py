"""What a run may use of its machine, and what happens when it wants more.

Processors are shared out: a run that wants more becomes slower. Memory ends the run, and only it:
by control groups of the kernel where this user may make them, else by watching its processes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import psutil

from zaffre_sdk.runner.cgroups import Cgroup, Wanted, enclosing, made
from zaffre_sdk.runner.claims import Claims, devices, processors
from zaffre_sdk.runner.members import NODE_VARIABLE
from zaffre_sdk.runner.order import Order
from zaffre_sdk.runner.outcome import MemoryUse
from zaffre_sdk.runner.process import Leash
from zaffre_sdk.runner.resources import descendants, descendants_by, memory_of
from zaffre_sdk.wire.runs import AttemptStarted

_MB = 1 << 20
_LOOK_SECONDS = 0.2
# Where a look takes long, as among thousands of processes, there are fewer of them.
_LONGEST_PAUSE = 1.0
_PAUSE_PER_COST = 50
_DEVICES = "CUDA_VISIBLE_DEVICES"


class _Share(NamedTuple):
    """What a node of the run may use.

    Attributes:
        node: What people call the node; empty for the only one.
        processors: The only ones that it may run on; empty is all.
    """

    node: str
    processors: Sequence[int]
    cgroup: Optional[Cgroup]  # noqa: UP045 (evaluated on Python 3.9)


class Limits:
    """The limits of one attempt: each of its nodes has some of its own."""

    def __init__(self, order: Order, started: AttemptStarted) -> None:
        given = started.resources
        count = max(len(started.nodes), started.spec.node_count, 1)
        self._memory_mb = given.memory_mb
        self._claims = Claims(Path(order.server_file).parent / "claims")
        self._gpus = (
            None if given.gpus is None else self._claims.take("gpu", devices(), given.gpus * count)
        )
        self._shares = self._shared(order, started, count)
        self._outer = enclosing() if order.is_held else None
        self._killed = 0 if self._outer is None else self._outer.kills()
        self._over: MemoryUse | None = None
        self._done = threading.Event()
        self._watch: threading.Thread | None = None

    def leash(self, node: int | None) -> Leash:
        """Return what the processes of a node are tied to; None is what starts those of all."""
        if node is None:
            own = [share.processors for share in self._shares]
            chosen = sorted({each for some in own for each in some}) if all(own) else []
        else:
            chosen = list(self._shares[node].processors)
        cgroup = self._shares[node or 0].cgroup
        return Leash(chosen, [] if cgroup is None else cgroup.procs)

    def start(self) -> None:
        """Begin to watch what the kernel does not."""
        held = all(one.cgroup is not None and one.cgroup.limits_memory for one in self._shares)
        if self._memory_mb is not None and not held:
            self._watch = threading.Thread(target=self._keep_looking, name="limits", daemon=True)
            self._watch.start()

    def environ(self, node: int) -> dict[str, str]:
        """Return what the processes of a node are told."""
        if self._gpus is None:
            return {}
        share = len(self._gpus) // len(self._shares)
        own = self._gpus[node * share : (node + 1) * share] if share else self._gpus
        return {_DEVICES: ",".join(own)}

    def is_over(self) -> bool:
        """Whether the run is to be ended because a node of it uses more than it may."""
        return self._over is not None

    def memory(self) -> MemoryUse | None:
        """Return the memory that a node was held to, when it was ended for wanting more."""
        if self._outer is not None:
            return _use_of(self._outer) if self._outer.kills() > self._killed else None
        if self._memory_mb is None or self._over is not None:
            return self._over
        for share in self._shares:
            if share.cgroup is not None and share.cgroup.kills():
                peak = (share.cgroup.peak_bytes() or 0) // _MB
                return MemoryUse(self._memory_mb, peak, share.node)
        return None

    def close(self) -> None:
        """End; no process of the run is left."""
        self._done.set()
        if self._watch is not None:
            self._watch.join()
        for share in self._shares:
            if share.cgroup is not None:
                share.cgroup.remove()
        self._claims.release()

    def _shared(self, order: Order, started: AttemptStarted, count: int) -> list[_Share]:
        cores, memory_mb = started.resources.cores, started.resources.memory_mb
        memory = None if memory_mb is None else memory_mb * _MB
        name = f"{order.run_id}-{order.attempt}"
        shares = []
        for number, chosen in enumerate(self._processors(cores, count)):
            cgroup = made(
                name if count == 1 else f"{name}-{number}",
                Wanted(memory, cores if chosen else None),
            )
            shares.append(_Share(_called(started.nodes, number, count), chosen, cgroup))
        return shares

    def _processors(self, cores: int | None, count: int) -> list[Sequence[int]]:
        """Return which processors each node may run on, as few of them together as can be."""
        if cores is None:
            return [()] * count
        there = processors()
        taken = self._claims.take("cpu", there, cores * count)
        chosen: list[Sequence[int]] = []
        for first in range(0, cores * count, cores):
            own = {taken[at % len(taken)] for at in range(first, first + cores)} if taken else ()
            # All of them is no limit.
            chosen.append(sorted(own) if len(own) < len(there) else ())
        return chosen

    def _keep_looking(self) -> None:
        limit = (self._memory_mb or 0) * _MB
        pause = _LOOK_SECONDS
        while not self._done.wait(pause):
            began = time.monotonic()
            for share, processes in zip(self._shares, self._processes()):
                used = memory_of(processes, exact_above=limit)
                if used > limit:
                    self._over = MemoryUse(limit // _MB, used // _MB, share.node)
                    return
            cost = time.monotonic() - began
            pause = min(max(_LOOK_SECONDS, _PAUSE_PER_COST * cost), _LONGEST_PAUSE)

    def _processes(self) -> list[list[psutil.Process]]:
        """Return what is there now, for each node."""
        if len(self._shares) == 1:
            return [descendants()]
        found = descendants_by(NODE_VARIABLE)
        return [found.get(str(number), []) for number in range(len(self._shares))]


def _use_of(cgroup: Cgroup) -> MemoryUse:
    return MemoryUse((cgroup.limit_bytes() or 0) // _MB, (cgroup.peak_bytes() or 0) // _MB)


def _called(names: Sequence[str], number: int, count: int) -> str:
    if count == 1:
        return ""
    return f"`{names[number]}`" if number < len(names) else str(number)
