"""The processes that belong to a home: its server, and what its runs and endpoints started."""

from pathlib import Path

import psutil
from zaffre_sdk.home import Home, ServerInfo

_SAME_START_SECONDS = 2.0
# Set in the processes of runs, replicas and heads of Ray, with paths inside the home.
_MARKS = ("ZAFFRE_SPOOL", "ZAFFRE_MODELS_DIR", "ZAFFRE_RAY_HEAD")
_PROGRAMS = frozenset({"zaffre_sdk.runner", "zaffre_sdk.scoring"})


def server_process(info: ServerInfo) -> psutil.Process | None:
    """Return the process of a server, unless another one has its number by now."""
    try:
        process = psutil.Process(info.pid)
        same = abs(process.create_time() - info.create_time) < _SAME_START_SECONDS
    except psutil.Error:
        return None
    return process if same else None


def left_over(home: Home) -> list[psutil.Process]:
    """Return the living processes that runs and replicas of a home have started.

    A shell whose folder happens to lie in the home is not among them.
    """
    return [process for process in psutil.process_iter() if _belongs(process, home)]


def end_all(home: Home, *, rounds: int = 20) -> int:
    """Kill what is left over, until nothing is; return how many processes there were."""
    killed: set[int] = set()
    for _ in range(rounds):
        found = left_over(home)
        if not found:
            break
        for process in found:
            killed.add(process.pid)
            _kill(process)
        psutil.wait_procs(found, timeout=1)
    return len(killed)


def _belongs(process: psutil.Process, home: Home) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        command, environ = process.cmdline(), process.environ()
        ours = not _PROGRAMS.isdisjoint(command)
        paths = [environ[name] for name in _MARKS if name in environ]
        paths += [process.cwd(), *command] if ours else []
    except (psutil.Error, OSError):
        # Processes of other users, and those that end while one looks, are not ours to end.
        return False
    return any(_is_inside(path, home) for path in paths)


def _is_inside(path: str, home: Home) -> bool:
    place = Path(path)
    return any(place.is_relative_to(home.root / folder) for folder in ("runs", "endpoints", "ray"))


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return
