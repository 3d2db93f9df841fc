"""One attempt, from leave to start to its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path

from zaffre_sdk.runner.beats import Heart
from zaffre_sdk.runner.command import command_of, environ_of
from zaffre_sdk.runner.data import RunData
from zaffre_sdk.runner.files import FOLDERS, FileUploader
from zaffre_sdk.runner.inputs import DataInputError
from zaffre_sdk.runner.link import Link, RefusedError, StoppedError
from zaffre_sdk.runner.metrics import replay_metrics
from zaffre_sdk.runner.order import Folders, Order, folders_at
from zaffre_sdk.runner.outcome import Ending, Outcome, judge
from zaffre_sdk.runner.outputs import DataOutputError
from zaffre_sdk.runner.placeholders import filled
from zaffre_sdk.runner.process import UserProcess, adopt_orphans
from zaffre_sdk.runner.pump import LogPump
from zaffre_sdk.runner.resources import ResourceMeter
from zaffre_sdk.runner.snapshot import SnapshotError, download_snapshot
from zaffre_sdk.wire.runs import AttemptEnd, AttemptStart, AttemptStarted, RunError, RunOut

_LOOK_SECONDS = 0.1
_METER_SECONDS = 5.0
_UPLOAD_SECONDS = 5.0
_LEFTOVER_GRACE = 2.0
_LEFTOVER_SECONDS = 10.0
_READ_SECONDS = 5.0
_CODES: dict[type[Exception], str] = {
    SnapshotError: "SnapshotFailed",
    DataInputError: "DataInputFailed",
    DataOutputError: "DataOutputFailed",
}


def drive(order: Order) -> int:
    """Drive the attempt to its end and return the exit code of the runner."""
    adopt_orphans()
    link = Link(order)
    folders = folders_at(Path.cwd())
    try:
        # The name tells a repeated request of this runner from one of another.
        leave = AttemptStart(attempt=order.attempt, runner=uuid.uuid4().hex)
        started = link.ask("POST", f"{order.run_path}/attempt/start", leave, answer=AttemptStarted)
        _end(link, order, _outcome(link, order, started, folders))
    except (StoppedError, RefusedError) as error:
        print(f"The attempt is over: {error}", file=sys.stderr)  # noqa: T201 (the runner's log)
        return 1
    _clean(folders)
    return 0


def _outcome(link: Link, order: Order, started: AttemptStarted, folders: Folders) -> Outcome:
    try:
        folders.make()
        attempt = Attempt(link, order, started, folders)
    except OSError as error:
        # Such as a full disk; whatever it is, the run must say so.
        return Outcome("Failed", error=_error("RunnerFailed", str(error)))
    return attempt.run()


def _end(link: Link, order: Order, outcome: Outcome) -> None:
    end = AttemptEnd(
        attempt=order.attempt,
        outcome=outcome.state,
        exit_code=outcome.exit_code,
        error=outcome.error,
    )
    link.ask("POST", f"{order.run_path}/attempt/end", end, answer=RunOut)


class Attempt:
    """Brings the source folder, runs the user's process, and takes home what it leaves."""

    def __init__(
        self, link: Link, order: Order, started: AttemptStarted, folders: Folders
    ) -> None:
        self._link = link
        self._order = order
        self._started = started
        self._folders = folders
        self._heart = Heart(link, order, seconds=started.beat_seconds)
        self._pump = LogPump(link, order, log_path=started.log_path, file=folders.log)
        self._files = FileUploader(link, order, folders.work)
        self._meter = ResourceMeter(link, order, every=_METER_SECONDS)
        self._data = RunData(link, order, started.spec, folders=folders)

    def run(self) -> Outcome:
        """Run to the end.

        Raises:
            StoppedError: The run is no longer this runner's; no process of it is left.
        """
        signal.signal(signal.SIGTERM, lambda *_: self._heart.cancel.set())
        self._heart.start()
        try:
            outcome = self._run_process()
            self._heart.state = "Finalizing"
            self._bring_home()
            outcome = self._data.finish(outcome, self._stop_of(outcome))
        except StoppedError:
            raise
        except (SnapshotError, DataInputError, DataOutputError) as error:
            outcome = Outcome("Failed", error=_error(_CODES[type(error)], str(error)))
        except Exception as error:  # noqa: BLE001 (whatever it is, the run must say so)
            details = traceback.format_exc()
            outcome = Outcome("Failed", error=_error("RunnerFailed", repr(error), details))
        finally:
            self._pump.finish()
            self._data.close()
            self._heart.stop()
        return outcome

    def _run_process(self) -> Outcome:
        if self._started.spec.snapshot_id is not None:
            download_snapshot(
                self._link, self._order, self._started.spec.snapshot_id, self._folders.work
            )
        for name in FOLDERS:
            # The source folder may have a file of that name: then it has no such outputs.
            with contextlib.suppress(FileExistsError):
                (self._folders.work / name).mkdir()
        self._data.prepare(self._is_unwanted)
        if self._is_unwanted():
            return Outcome("Canceled")
        command = filled(command_of(self._started.spec, self._started.python), self._data.values)
        process = UserProcess(command, folder=self._folders.work, environ=self._environ())
        try:
            self._pump.read_from(process.output)
            self._files.start(every=_UPLOAD_SECONDS)
            self._meter.start()
            ending = self._wait(process)
        finally:
            grace = 0.0 if self._is_unwanted() else _LEFTOVER_GRACE
            process.end_descendants(grace=grace, seconds=_LEFTOVER_SECONDS)
        self._meter.stop()
        self._pump.finish_reading(seconds=_READ_SECONDS)
        program = self._started.spec.script or command[0]
        return judge(ending, program=program, tail=self._pump.tail())

    def _environ(self) -> dict[str, str]:
        present = environ_of(
            self._order,
            self._started,
            self._folders,
            server_url=self._link.url,
            inherited=os.environ,
        )
        return self._data.environ(present)

    def _wait(self, process: UserProcess) -> Ending:
        """Wait until the process has ended, or end it."""
        limit = self._started.spec.max_seconds
        deadline = float("inf") if limit is None else time.monotonic() + limit
        while not process.ended.wait(_LOOK_SECONDS):
            over = time.monotonic() > deadline
            if over or self._is_unwanted():
                # A runner that lost its run has no time to give.
                gone = self._link.stopped.is_set()
                process.terminate(grace=0.0 if gone else self._started.kill_grace_seconds)
                return Ending(
                    process.exit_code or 0, canceled=not over, over_limit=limit if over else None
                )
        return Ending(process.exit_code or 0)

    def _is_unwanted(self) -> bool:
        return self._heart.cancel.is_set() or self._link.stopped.is_set()

    def _stop_of(self, outcome: Outcome) -> Callable[[], bool]:
        """Return what tells that nothing more is to be sent of a run that ends so.

        What a canceled script left on a mount is kept as it would be of any other.
        """
        return self._link.stopped.is_set if outcome.state == "Canceled" else self._is_unwanted

    def _bring_home(self) -> None:
        """Send what is left of metrics and files; what is refused is said in the log."""
        lost = replay_metrics(self._link, self._order, self._folders.spool)
        for line in [*lost, *self._files.finish()]:
            self._pump.write(f"zaffre: {line}\n".encode(errors="backslashreplace"))


def _clean(folders: Folders) -> None:
    """Remove what the server has now; what the runner itself wrote stays in its log."""
    shutil.rmtree(folders.work, ignore_errors=True)
    # What is shown through links stays where it is.
    shutil.rmtree(folders.data, ignore_errors=True)
    if not any(folders.spool.glob("*.spool")):
        shutil.rmtree(folders.spool, ignore_errors=True)
    folders.log.unlink(missing_ok=True)
    folders.data_log.unlink(missing_ok=True)


def _error(code: str, message: str, details: str = "") -> RunError:
    return RunError(code=code, message=message, details=details)
