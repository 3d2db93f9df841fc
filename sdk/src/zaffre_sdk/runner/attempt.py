"""One attempt, from leave to start to its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import traceback
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from zaffre_sdk.runner.beats import Heart
from zaffre_sdk.runner.command import (
    ContainerError,
    ProcessPlan,
    command_of,
    environ_of,
    processes_of,
)
from zaffre_sdk.runner.data import RunData
from zaffre_sdk.runner.execution import Execution, Signs
from zaffre_sdk.runner.files import FOLDERS, FileUploader
from zaffre_sdk.runner.inputs import DataInputError
from zaffre_sdk.runner.limits import Limits
from zaffre_sdk.runner.link import Link, RefusedError, StoppedError
from zaffre_sdk.runner.logs import Logs
from zaffre_sdk.runner.members import DistributionError
from zaffre_sdk.runner.metrics import replay_metrics
from zaffre_sdk.runner.order import Folders, Order, folders_at
from zaffre_sdk.runner.outcome import Outcome
from zaffre_sdk.runner.outputs import DataOutputError
from zaffre_sdk.runner.placeholders import filled
from zaffre_sdk.runner.process import adopt_orphans
from zaffre_sdk.runner.resources import ResourceMeter
from zaffre_sdk.runner.snapshot import SnapshotError, download_snapshot
from zaffre_sdk.runner.spark import SparkError, attached, set_up
from zaffre_sdk.wire.runs import AttemptEnd, AttemptStart, AttemptStarted, RunError, RunOut

if TYPE_CHECKING:
    from zaffre_sdk.runner.containers import Containers

_METER_SECONDS = 5.0
_UPLOAD_SECONDS = 5.0
_CODES: dict[type[Exception], str] = {
    SnapshotError: "SnapshotFailed",
    DataInputError: "DataInputFailed",
    DataOutputError: "DataOutputFailed",
    DistributionError: "InvalidDistribution",
    SparkError: "SparkNotAvailable",
    ContainerError: "ContainerFailed",
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
        # On another machine it is the one of the environment that was made there.
        started = msgspec.structs.replace(started, python=order.python)
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
        self._logs = Logs(link, order, main=started.log_path, file=folders.log)
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
        except tuple(_CODES) as error:
            outcome = Outcome("Failed", error=_error(_CODES[type(error)], str(error)))
        except Exception as error:  # noqa: BLE001 (whatever it is, the run must say so)
            details = traceback.format_exc()
            outcome = Outcome("Failed", error=_error("RunnerFailed", repr(error), details))
        finally:
            self._logs.finish()
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
        self._files.start(every=_UPLOAD_SECONDS)
        return self._execute()

    def _execute(self) -> Outcome:
        spec = self._started.spec
        words = filled(command_of(spec, self._started.python), self._data.values)
        if spec.spark is not None and spec.script is not None:
            words = attached(words, os.environ)
        containers = self._containers()
        limits = Limits(self._order, self._started)
        try:
            plans: Sequence[ProcessPlan] = processes_of(
                self._started,
                self._folders,
                words=words,
                environ=self._environ(containers),
                devices=limits.environ,
            )
            if containers is not None:
                plans = containers.put(plans, self._data.values.values())
            self._logs.main = _main_log(plans)
            execution = Execution(
                self._started,
                self._folders,
                logs=self._logs,
                limits=limits,
                meter=self._meter,
                containers=containers,
            )
            signs = Signs(self._is_unwanted, self._link.stopped.is_set)
            program = spec.script or words[0]
            return execution.run(plans, signs, program=program)
        finally:
            if containers is not None:
                containers.close()
            limits.close()

    def _containers(self) -> Containers | None:
        """Return what the processes are put into; None when the environment is no image."""
        if self._started.image is None:
            return None
        from zaffre_sdk.runner.containers import Containers  # noqa: PLC0415 (few need it)

        return Containers(self._order, self._started, self._folders)

    def _environ(self, containers: Containers | None) -> dict[str, str]:
        present = environ_of(
            self._order,
            self._started,
            self._folders,
            server_url=self._link.url,
            inherited=os.environ if containers is None else containers.inherited,
        )
        present = self._data.environ(present)
        asked = self._started.spec.spark
        if asked is None:
            return present
        spark = set_up(asked, self._started, self._folders, present)
        for line in spark.lines:
            self._logs.write(line)
        return spark.environ

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
            self._logs.write(line)


def _main_log(plans: Sequence[ProcessPlan]) -> str:
    """Return the log of the first process of the user's program."""
    return (plans[0].ranks or plans)[0].log_path


def _clean(folders: Folders) -> None:
    """Remove what the server has now; what the runner itself wrote stays in its log."""
    shutil.rmtree(folders.work, ignore_errors=True)
    # What is shown through links stays where it is.
    shutil.rmtree(folders.data, ignore_errors=True)
    if not any(folders.spool.glob("*.spool")):
        shutil.rmtree(folders.spool, ignore_errors=True)
    shutil.rmtree(folders.ranks, ignore_errors=True)
    shutil.rmtree(folders.spark, ignore_errors=True)
    for log in folders.log.parent.glob(f"{folders.log.stem}*{folders.log.suffix}"):
        log.unlink()
    folders.data_log.unlink(missing_ok=True)


def _error(code: str, message: str, details: str = "") -> RunError:
    return RunError(code=code, message=message, details=details)
