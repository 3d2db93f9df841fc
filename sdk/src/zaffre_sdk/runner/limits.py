"""What a run may use of its machine, and what happens when it wants more.

Processors are shared out: a run that wants more becomes slower. Memory ends the run, and only it:
by a control group of the kernel where this user may make one, else by watching its processes.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from zaffre_sdk.runner.cgroups import Wanted, made
from zaffre_sdk.runner.claims import Claims, devices, processors
from zaffre_sdk.runner.order import Order
from zaffre_sdk.runner.outcome import MemoryUse
from zaffre_sdk.runner.process import Leash
from zaffre_sdk.runner.resources import memory_of_descendants
from zaffre_sdk.wire.runs import AttemptStarted

_MB = 1 << 20
_LOOK_SECONDS = 0.2
# Where a look takes long, as among thousands of processes, there are fewer of them.
_LONGEST_PAUSE = 1.0
_PAUSE_PER_COST = 50
_DEVICES = "CUDA_VISIBLE_DEVICES"


class Limits:
    """The limits of one attempt; what is for each node is for all nodes of the run together.

    Attributes:
        leash: What its processes are tied to.
    """

    def __init__(self, order: Order, started: AttemptStarted) -> None:
        given = started.resources
        self._nodes = max(len(started.nodes), started.spec.node_count, 1)
        self._memory_mb = None if given.memory_mb is None else given.memory_mb * self._nodes
        self._claims = Claims(Path(order.server_file).parent / "claims")
        self._gpus = self._claimed_gpus(given.gpus)
        cores = None if given.cores is None else given.cores * self._nodes
        there = processors()
        chosen = [] if cores is None else self._claims.take("cpu", there, cores)
        # All of them is no limit.
        chosen = chosen if len(chosen) < len(there) else []
        self._cgroup = made(
            f"{order.run_id}-{order.attempt}",
            Wanted(
                None if self._memory_mb is None else self._memory_mb * _MB,
                cores if chosen else None,
            ),
        )
        self.leash = Leash(chosen, [] if self._cgroup is None else self._cgroup.procs)
        self._peak = 0
        self._over = threading.Event()
        self._done = threading.Event()
        self._watch: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch what the kernel does not."""
        held = self._cgroup is not None and self._cgroup.limits_memory
        if self._memory_mb is not None and not held:
            self._watch = threading.Thread(target=self._keep_looking, name="limits", daemon=True)
            self._watch.start()

    def environ(self, node: int) -> dict[str, str]:
        """Return what the processes of a node are told."""
        if self._gpus is None:
            return {}
        share = len(self._gpus) // self._nodes
        own = self._gpus[node * share : (node + 1) * share] if share else self._gpus
        return {_DEVICES: ",".join(own)}

    def is_over(self) -> bool:
        """Whether the run is to be ended because it uses more than it may."""
        return self._over.is_set()

    def memory(self) -> MemoryUse | None:
        """Return the memory that it was held to, when it was ended for wanting more."""
        if self._memory_mb is None:
            return None
        if self._over.is_set():
            return MemoryUse(self._memory_mb, self._peak // _MB)
        if self._cgroup is not None and self._cgroup.kills():
            return MemoryUse(self._memory_mb, (self._cgroup.peak_bytes() or 0) // _MB)
        return None

    def close(self) -> None:
        """End; no process of the run is left."""
        self._done.set()
        if self._watch is not None:
            self._watch.join()
        if self._cgroup is not None:
            self._cgroup.remove()
        self._claims.release()

    def _claimed_gpus(self, count: int | None) -> list[str] | None:
        if count is None:
            return None
        return self._claims.take("gpu", devices(), count * self._nodes)

    def _keep_looking(self) -> None:
        limit = (self._memory_mb or 0) * _MB
        pause = _LOOK_SECONDS
        while not self._done.wait(pause):
            began = time.monotonic()
            used = memory_of_descendants(exact_above=limit)
            cost = time.monotonic() - began
            pause = min(max(_LOOK_SECONDS, _PAUSE_PER_COST * cost), _LONGEST_PAUSE)
            self._peak = max(self._peak, used)
            if used > limit:
                self._over.set()
                return
