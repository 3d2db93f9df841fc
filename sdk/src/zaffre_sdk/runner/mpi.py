"""What lets an MPI job end when one of its processes fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def aborting(words: Sequence[str], python: str) -> list[str]:
    """Return the command of a script so that what it raises ends the whole job.

    Without it a script with `mpi4py` that fails waits at its end for the others, which wait for
    it; the package brings a way to run scripts that does not.
    """
    prefix = Path(python).parent.parent
    there = any(prefix.glob("lib/python*/site-packages/mpi4py/run.py"))
    if not there or not words or words[0] != python:
        return list(words)
    return [python, "-m", "mpi4py", *words[1:]]
