"""Removes the containers of an attempt once its runner is done with them, or gone.

A process beside the runner: `python -m zaffre_sdk.containers.guard <order>`. It waits until its
standard input ends, which the runner holds open, and `kill -9` closes, too. A container would
otherwise live on: it is no child of whoever started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping

from zaffre_sdk.containers.engines import Engine
from zaffre_sdk.containers.removing import remove

_SECONDS = 60


class Guard:
    """The guard of an attempt, as its runner sees it."""

    def __init__(
        self, engine: Engine, labels: Mapping[str, str], *, environ: Mapping[str, str]
    ) -> None:
        order = {"engine": [engine.program, engine.kind, *engine.options], "labels": dict(labels)}
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", __name__, json.dumps(order)],
            cwd="/",
            env=dict(environ),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def release(self) -> None:
        """Let it do its work, and wait until that is done."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


def main(order: str) -> int:
    """Wait for the end of the input, then remove the containers."""
    said = json.loads(order)
    program, kind, *options = said["engine"]
    while os.read(sys.stdin.fileno(), 1):
        continue
    engine = Engine(program=program, kind=kind, version="", options=tuple(options))
    return 0 if remove(engine, said["labels"], environ=os.environ) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
