"""A process beside the user's code that ends it when the server is gone.

User code may hang, hold the interpreter lock for ever, or leave helpers behind; a thread inside
its process could not be trusted to notice. So the first process forks: the child serves, and the
parent waits for whichever ends first, the child or its own standard input, whose other end only
the server holds. The kernel closes that end however the server dies.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
from typing import NoReturn

from zaffre_sdk.scoring.worker import work


def guard(descriptor: int) -> NoReturn:
    """Serve on the socket `descriptor` in a child, and end as it ends."""
    child = os.fork()
    if child == 0:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        work(descriptor)
    os.close(descriptor)
    threading.Thread(target=_end_with_server, daemon=True).start()
    _, status = os.waitpid(child, 0)
    _end_like(status)


def _end_with_server() -> None:
    while os.read(0, 1):
        continue
    os.killpg(0, signal.SIGKILL)


def _end_like(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))
