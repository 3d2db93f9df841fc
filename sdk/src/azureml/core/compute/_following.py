"""Telling on the console what becomes of a compute target while one waits for it."""

from __future__ import annotations

import sys


class Progress:
    """Prints every state once, and a dot for each look that found the same one.

    Args:
        shown: Whether anything is printed.
    """

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._last = ""

    def saw(self, state: str) -> None:
        """Tell the state that a look found."""
        if state == self._last:
            self._write(".")
        else:
            self._write(f"\n{state}" if self._last else state)
            self._last = state

    def say(self, line: str) -> None:
        """Tell a whole line."""
        if self._last:
            self._write("\n")
            self._last = ""
        self._write(f"{line}\n")

    def end(self) -> None:
        """End the line of the last state."""
        if self._last:
            self._write("\n")
            self._last = ""

    def _write(self, text: str) -> None:
        if self._shown:
            sys.stdout.write(text)
            sys.stdout.flush()
