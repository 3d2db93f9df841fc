"""Reading a run: its state, details, metrics, logs and children; waiting for its end."""

from __future__ import annotations

import html
import json
import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._metric_values import as_v1
from azureml.core._run_base import iso
from azureml.core._run_datasets import InputDatasets, OutputDatasets, data_details
from azureml.core._run_filters import Wanted
from azureml.core._run_logging import RunLogging
from azureml.exceptions import ActivityFailedException, UserErrorException
from zaffre_sdk.notices import notice
from zaffre_sdk.parallel import parallel
from zaffre_sdk.tracking.context import current_run
from zaffre_sdk.tracking.watching import follow, wait_for_end
from zaffre_sdk.wire.metrics import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zaffre_sdk.wire.artifacts import LogOut
    from zaffre_sdk.wire.runs import RunError, RunOut

_LAST_LINES = 20
_DOCUMENTS = frozenset({"accuracy_table", "confusion_matrix", "predictions", "residuals"})


class RunReading(RunLogging):
    """A run and what can be read of it."""

    def get_details(self) -> dict[str, Any]:
        """Return everything about the run, under v1's keys."""
        run = self._fresh()
        details: dict[str, Any] = {
            "runId": run.id,
            "target": run.spec.compute,
            "status": run.state,
            "startTimeUtc": iso(run.started_at),
            "endTimeUtc": iso(run.ended_at),
            "services": {},
            "properties": self.properties,
            **data_details(self.experiment.workspace, run),
            "runDefinition": run.spec.definition,
            "logFiles": {one.path: self._log_url(one.path) for one in self._logs()},
            "submittedBy": run.created_by,
        }
        if run.error is not None:
            details["error"] = {"error": _error(run.error)}
        if run.waits_for is not None:
            details["queueingInfo"] = {"message": run.waits_for}
        return {key: value for key, value in details.items() if value is not None}

    @cached_property
    def input_datasets(self) -> InputDatasets:
        """The datasets that this script was given, by their names.

        Raises:
            UserErrorException: This program is not the script of the run.
        """
        return InputDatasets(self._workspace_of_script("input"))

    @cached_property
    def output_datasets(self) -> OutputDatasets:
        """The folders that this script fills, by the names of the outputs.

        Raises:
            UserErrorException: This program is not the script of the run.
        """
        return OutputDatasets(self._workspace_of_script("output"))

    def _workspace_of_script(self, noun: str) -> Any:
        here = current_run()
        if here is None or here.run_id != self.id:
            raise UserErrorException(
                f"`{noun}_datasets` is for the script of the run `{self.id}` itself.\n"
                f"`get_details()['{noun}Datasets']` says the same to other programs."
            )
        return self.experiment.workspace

    def get_details_with_logs(self) -> dict[str, Any]:
        """Return `get_details`, with the text of each log in place of its address."""
        details = self.get_details()
        details["logFiles"] = {
            one.path: self._log_bytes(one.path).decode("utf-8", "replace") for one in self._logs()
        }
        return details

    def get_detailed_status(self) -> dict[str, Any]:
        """Return the state of the run and why it is in it."""
        run = self._fresh()
        words = run.error.message if run.error else run.waits_for or ""
        return {"status": run.state, "details": words}

    def get_all_logs(self, destination: str | None = None) -> list[str]:
        """Fetch every log into a folder and return the local paths."""
        folder = Path(destination or self.id)
        names = [one.path for one in self._logs()]
        for name in names:
            self.download_file(name, str(folder / name))
        return [str(folder / name) for name in names]

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Return what was logged, by name.

        Args:
            name: One metric; all without it.
            recursive: By run, those of all runs below this one too.
            run_type: With `recursive`, only runs of that kind.
            populate: Read the documents that were logged (accuracy tables, confusion matrices,
                predictions, residuals), in place of their addresses.
        """
        if not recursive:
            return self._metrics(name, populate=populate)
        runs = [self] if run_type in (None, self.type) else []
        runs += self.get_children(recursive=True, type=run_type)
        found = parallel(lambda run: run._metrics(name, populate=populate), runs)  # noqa: SLF001 - of its own class
        return {run.id: metrics for run, metrics in zip(runs, found)}

    def get_snapshot_id(self) -> str | None:
        """Return the id of the source folder that the run was submitted with."""
        return self._known().spec.snapshot_id

    def restore_snapshot(self, snapshot_id: str | None = None, path: str | None = None) -> str:
        """Write the source folder of the run into `path` and return it."""
        wanted = snapshot_id or self.get_snapshot_id()
        if wanted is None:
            raise UserErrorException(f"The run `{self.id}` was started without a snapshot.")
        folder = Path(path or wanted)
        self._nouns.snapshots.download(wanted, folder)
        return str(folder)

    def get_environment(self) -> Any:
        """Return the environment that the run was submitted with."""
        content = self._known().spec.definition.get("environment")
        if not isinstance(content, dict):
            raise UserErrorException(f"The run `{self.id}` was started without an environment.")
        environment = _late.find("azureml.core.environment", "Environment")
        return environment._from_dict(content)  # noqa: SLF001 - one house

    @property
    def parent(self) -> Any:
        """The run that started this one, or None."""
        parent = self._known().parent_id
        if parent is None:
            return None
        return _late.find("azureml.core.run", "Run").get(self.experiment.workspace, parent)

    def get_children(
        self,
        recursive: bool = False,
        tags: Any = None,
        properties: Any = None,
        type: str | None = None,
        status: str | None = None,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Any]:
        """Yield the runs that this one started, newest first; with `recursive` at any depth."""
        wanted = Wanted(tags, properties, status, type)
        where: Any = {"below" if recursive else "parent": self.id}
        for found in self._nouns.runs.list(**where, **wanted.query):
            if wanted.has(found):
                yield from_wire(self.experiment, found, rehydrate=_rehydrate_runs)

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run has ended and return its details. Ctrl-C leaves the run going.

        Args:
            show_output: Print the logs as they appear, and why the run waits for its target.
            wait_post_processing: Accepted: a run that has ended has nothing left to do.
            raise_on_error: Raise when the run failed.

        Raises:
            ActivityFailedException: The run failed; says why, with the last lines of its log.
        """
        try:
            self._seen = self._follow() if show_output else wait_for_end(self._nouns.runs, self.id)
        except KeyboardInterrupt:
            notice(f"no longer waiting; the run {self.id} goes on. Its `cancel()` ends it.")
            raise
        details = self.get_details()
        if show_output:
            _print(f"\nExecution Summary\n=================\n{self._heading()}\n")
        if raise_on_error and self._seen.state == "Failed":
            raise ActivityFailedException(self._failure(self._seen), details=[details])
        return details

    def _follow(self) -> RunOut:
        _print(self._heading())
        return follow(self._nouns.runs, self._nouns.logs, self.id, write=_print)

    def _heading(self) -> str:
        return f"RunId: {self.id}\nWeb View: {self.get_portal_url()}\n"

    def _failure(self, run: RunOut) -> str:
        if run.error is None:
            return f"The run `{self.id}` failed."
        last = "\n".join(run.error.details.splitlines()[-_LAST_LINES:])
        return f"The run `{self.id}` failed: {run.error.message}" + (f"\n{last}" if last else "")

    def _metrics(self, name: str | None, *, populate: bool) -> dict[str, Any]:
        self.flush()
        entries = self._nouns.metrics.entries(self.id, name=name)
        # What the runner measures is asked for by name: v1 has it apart from `get_metrics`, too.
        kept = [one for one in entries if name or not one.name.startswith(MEASURED)]
        if populate:
            for one in kept:
                if one.kind in _DOCUMENTS:
                    one.value = self._document(one.value)
                    one.kind = "list"
        return as_v1(kept, self.id)

    def _document(self, path: str) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "document.json"
            self._nouns.artifacts.download(self.id, path, file)
            return json.loads(file.read_bytes())

    def _logs(self) -> Sequence[LogOut]:
        return self._nouns.logs.list(self.id)

    def _log_url(self, path: str) -> str:
        nouns = self._nouns
        return f"{nouns.url}/api/v1/workspaces/{nouns.workspace_id}/runs/{self.id}/logs/{path}"

    def _repr_html_(self) -> str:
        run = self._fresh()
        cells = {
            "Experiment": html.escape(run.experiment),
            "Id": html.escape(run.id),
            "Type": self.type or "",
            "Status": run.state,
            "Details Page": _link(self.get_portal_url(), "Open the run"),
            "Docs Page": _link(self.get_docs_url(), "Documentation"),
        }
        head = "".join(f"<th>{name}</th>" for name in cells)
        body = "".join(f"<td>{value}</td>" for value in cells.values())
        return f"<table><tr>{head}</tr><tr>{body}</tr></table>"


def from_wire(experiment: Any, found: RunOut, *, rehydrate: bool = True) -> Any:
    """Return the run of the right class; `experiment` is of the same workspace.

    Without `rehydrate` every run is a plain one.
    """
    if experiment.name != found.experiment:
        kind = _late.find("azureml.core.experiment", "Experiment")
        experiment = kind(experiment.workspace, found.experiment)
    module, name = (
        ("azureml.core.script_run", "ScriptRun")
        if rehydrate and found.spec.kind == "script"
        else ("azureml.core.run", "Run")
    )
    return _late.find(module, name)(experiment, found.id, _seen=found)


def _error(error: RunError) -> dict[str, Any]:
    details = [{"message": error.details}] if error.details else []
    return {"code": error.code, "message": error.message, "details": details}


def _link(url: str, words: str) -> str:
    safe = html.escape(url, quote=True)
    return f'<a href="{safe}" target="_blank" rel="noopener">{words}</a>'


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
