"""Runners: started so that they outlive the agent, found again, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

from zaffre.adapters.launchers.elsewhere.agent import place as places
from zaffre.adapters.launchers.elsewhere.agent import processes

if TYPE_CHECKING:
    from pathlib import Path

_TERM_SECONDS = 2.0
_KILL_SECONDS = 10.0
_POLL_SECONDS = 0.02
_KEPT_SECONDS = 86_400.0
_LOG_BYTES = 20_000
_NOT_PASSED = ("SSH_", "PYTHON", "VIRTUAL_ENV", "CONDA_", "RAY_", "ZAFFRE_", "AZUREML_")


def start(place: places.Place, asked: dict[str, Any]) -> dict[str, Any]:
    """Start the runner of an attempt, once however often it is asked for.

    Args:
        place: Of this machine.
        asked: `server`, `order` as runners read it, and `python`, which has the SDK.
    """
    order = asked["order"]
    key = (order["workspace_id"], order["run_id"], order["attempt"])
    folder = place.attempt(asked["server"], *key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = places.read_json(folder / "runner.json")
    if known and is_alive(known):
        return known
    server_file = order.get("server_file") or str(place.server(asked["server"]) / "server.json")
    content = {**order, "python": asked["python"], "server_file": server_file}
    places.write_json(folder / "order.json", content)
    with (folder / "runner.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 (of the environment that was made for it)
            [asked["python"], "-m", "zaffre_sdk.runner", str(folder / "order.json")],
            cwd=str(folder),
            env={**inherited(), **marks_of(*key)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # A child that nobody waits for stays in the table of processes after its end.
    threading.Thread(target=process.wait, name=f"runner-{process.pid}", daemon=True).start()
    handle = {
        "pid": process.pid,
        "start": processes.start_of(process.pid),
        "boot": processes.boot_id(),
    }
    places.write_json(folder / "runner.json", handle)
    return handle


def is_alive(handle: dict[str, Any]) -> bool:
    """Tell whether a runner lives; another process is never taken for it."""
    return (
        bool(handle.get("start"))
        and handle["boot"] == processes.boot_id()
        and processes.start_of(handle["pid"]) == handle["start"]
    )


def stop(place: places.Place, asked: dict[str, Any]) -> dict[str, Any]:
    """End a runner and all that its run left behind; return the end of what it wrote.

    Args:
        place: Of this machine.
        asked: `server`, `workspace_id`, `run_id`, `attempt` and, where it is known, `handle`.
    """
    key = (asked["workspace_id"], asked["run_id"], asked["attempt"])
    folder = place.attempt(asked["server"], *key)
    handle = asked.get("handle") or places.read_json(folder / "runner.json")
    family = processes.descendants(handle["pid"]) if handle and is_alive(handle) else []
    started = {pid: processes.start_of(pid) for pid in family}
    _terminate(handle)
    is_over = processes.kill_until_none(
        lambda: [pid for pid in family if started[pid] and _is_same(pid, started[pid])],
        seconds=_KILL_SECONDS,
    ) and processes.kill_until_none(
        lambda: processes.marked(marks_of(*key), folder), seconds=_KILL_SECONDS
    )
    log = last_lines(folder)
    if is_over:
        places.remove(folder)
    return {"is_over": is_over, "log": log}


def living(place: places.Place, server: str) -> list[list[Any]]:
    """Return the attempts of a server whose runners live, as workspace, run and number."""
    return [
        [folder.parents[1].name, folder.parent.name, int(folder.name)]
        for folder in _attempts(place, server)
        if is_alive(places.read_json(folder / "runner.json"))
    ]


def pythons_in_use(place: places.Place) -> set[str]:
    """Return the interpreters of all runs that are still going on, whoever their server is."""
    return {
        places.read_json(order).get("python", "")
        for order in place.root.glob("runs/*/*/*/*/order.json")
        if is_alive(places.read_json(order.with_name("runner.json")))
    }


def forget_old(place: places.Place, server: str) -> None:
    """Remove what is left of attempts that ended a day ago."""
    for folder in _attempts(place, server):
        handle = folder / "runner.json"
        if not is_alive(places.read_json(handle)):
            try:
                is_old = time.time() - folder.stat().st_mtime > _KEPT_SECONDS
            except OSError:
                continue
            if is_old:
                places.remove(folder)


def last_lines(folder: Path) -> str:
    """Return the end of what a runner wrote."""
    try:
        with (folder / "runner.log").open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _LOG_BYTES, 0))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def marks_of(workspace: str, run: str, attempt: int) -> dict[str, str]:
    """Return the variables by which every process of an attempt is known."""
    return {
        "AZUREML_WORKSPACE_ID": workspace,
        "AZUREML_RUN_ID": run,
        "ZAFFRE_ATTEMPT": str(attempt),
    }


def _attempts(place: places.Place, server: str) -> list[Path]:
    return [folder for folder in place.runs(server).glob("*/*/*") if folder.name.isdigit()]


def inherited() -> dict[str, str]:
    """Return what a runner is told of the environment of whoever starts it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED)}


def _terminate(handle: dict[str, Any]) -> None:
    """Ask a runner to end, and make it end when it does not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _TERM_SECONDS
        if not is_alive(handle):
            return
        processes.send(handle["pid"], number)
        while is_alive(handle) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _is_same(pid: int, start: str) -> bool:
    return processes.start_of(pid) == start
