"""Single lines for the person at the terminal."""

from __future__ import annotations

import contextlib
import sys


def notice(text: str) -> None:
    """Write one line to the standard error stream, if there is one; never fail."""
    stream = sys.stderr
    if stream is not None:
        # A closed stream (daemons, pytest's capture) is no reason to stop the program.
        with contextlib.suppress(OSError, ValueError):
            stream.write(f"zaffre: {text}\n")
            stream.flush()
