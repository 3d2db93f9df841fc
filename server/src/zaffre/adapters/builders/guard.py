"""Runs one command and ends it, with all it started, when the process that asked is gone.

Started as a script with a pipe as its standard input, as the leader of a session of its own. The
other end of the pipe closes when the asking process ends, by `kill -9` too. Locks that it was
given stay held until then, so that nobody builds where a forgotten installer still writes.
"""

import os
import signal
import subprocess
import sys
import threading

_PIPE = 0


def _end_with_asker() -> None:
    while os.read(_PIPE, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run `command` and return its exit code."""
    threading.Thread(target=_end_with_asker, daemon=True).start()
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - runs argv
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
