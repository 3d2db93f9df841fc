"""Runs: what executes, is tracked, and leaves metrics, files and logs."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._offline_run import OfflineRun as _OfflineRun
from azureml.core._offline_run import child_tags
from azureml.core._run_base import text_pairs
from azureml.core._run_datasets import InputDatasets, LinkOutput, OutputDatasets
from azureml.core._run_filters import Wanted
from azureml.core._run_reading import RunReading, from_wire
from azureml.exceptions import RunEnvironmentException, UserErrorException
from zaffre_sdk.files.entries import local_bytes
from zaffre_sdk.tracking.beating import heart
from zaffre_sdk.tracking.context import current_run
from zaffre_sdk.tracking.watching import TERMINAL
from zaffre_sdk.wire.runs import RunError, RunIn, RunSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["InputDatasets", "LinkOutput", "OutputDatasets", "Run", "get_run"]

_contexts: dict[str, Run] = {}
_offline: list[_OfflineRun] = []


class Run(RunReading):
    """A run of an experiment.

    Example:
        >>> run = Run.get_context()
        >>> run.log("accuracy", 0.93)

    Args:
        experiment: The experiment that it belongs to.
        run_id: Its id.
        outputs: A folder that `complete` uploads.
    """

    _factories: dict[str, Callable[..., Any]] = {}  # noqa: RUF012 - shared on purpose

    @classmethod
    def get_context(
        cls, allow_offline: bool = True, used_for_context_manager: bool = False, **kwargs: Any
    ) -> Any:
        """Return the run that this program runs in; outside of runs, one that only prints.

        Raises:
            RunEnvironmentException: Outside of runs, with `allow_offline=False`.
        """
        context = current_run()
        if context is None:
            if not allow_offline:
                raise RunEnvironmentException
            return _offline_run()
        if context.run_id not in _contexts:
            workspace = _late.find("azureml.core.workspace", "Workspace")(
                context.subscription_id,
                context.resource_group,
                context.workspace,
                _workspace_id=context.workspace_id,
            )
            experiment = _late.find("azureml.core.experiment", "Experiment")
            _contexts[context.run_id] = cls(
                experiment(workspace, context.experiment), context.run_id
            )
        return _contexts[context.run_id]

    @classmethod
    def get_submitted_run(cls, **kwargs: Any) -> Any:
        """Return the run that this program runs in.

        Raises:
            RunEnvironmentException: Outside of runs.
        """
        return cls.get_context(allow_offline=False)

    @staticmethod
    def get(workspace: Any, run_id: str) -> Any:
        """Return a run of the workspace by its id."""
        experiment = _late.find("azureml.core.experiment", "Experiment")
        found = _late.find("azureml.core._nouns", "nouns_of")(workspace).runs.get(run_id)
        return from_wire(experiment(workspace, found.experiment), found)

    @staticmethod
    def list(
        experiment: Any,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        status: str | None = None,
        include_children: bool = False,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Any]:
        """Yield the runs of an experiment, newest first."""
        nouns = _late.find("azureml.core._nouns", "nouns_of")(experiment.workspace)
        wanted = Wanted(tags, properties, status, type)
        where = {} if include_children else {"top": "true"}
        for found in nouns.runs.list(experiment=experiment.name, **where, **wanted.query):
            if wanted.has(found):
                yield from_wire(experiment, found, rehydrate=_rehydrate_runs)

    @staticmethod
    def list_by_compute(
        compute: Any,
        type: str | None = None,
        tags: Any = None,
        properties: Any = None,
        status: str | None = None,
    ) -> Iterator[Any]:
        """Yield the runs of a compute target, of every experiment, newest first."""
        nouns = _late.find("azureml.core._nouns", "nouns_of")(compute.workspace)
        experiment = _late.find("azureml.core.experiment", "Experiment")
        wanted = Wanted(tags, properties, status, type)
        for found in nouns.runs.list(**wanted.query):
            if found.spec.compute == compute.name and wanted.has(found):
                yield from_wire(experiment(compute.workspace, found.experiment), found)

    @staticmethod
    def add_type_provider(runtype: str, run_factory: Callable[..., Any]) -> None:
        """Remember which function makes the runs of a kind."""
        Run._factories[runtype] = run_factory

    def start(self) -> None:
        """Do nothing: a run that its program drives has begun when it is created."""

    def complete(self, _set_status: bool = True) -> None:
        """Send what is left and say that the run ended well."""
        self._end("Completed", None, tell=_set_status)

    def fail(
        self, error_details: Any = None, error_code: Any = None, _set_status: bool = True
    ) -> None:
        """Send what is left and say that the run failed."""
        words = str(error_details) if error_details is not None else "The program called `fail`."
        error = RunError(code=str(error_code or "UserError"), message=words)
        self._end("Failed", error, tell=_set_status)

    def cancel(self) -> None:
        """Ask for the end of the run; its processes are stopped."""
        self.flush()
        self._seen = self._nouns.runs.cancel(self.id)
        heart.leave(self._nouns.workspace_id, self.id)

    def clean(self) -> None:
        """Remove what this machine still keeps of a run that has ended, which is nothing.

        Runners remove their folders themselves, and files that were fetched belong to the
        program that fetched them.
        """
        if self._fresh().state not in TERMINAL:
            raise UserErrorException(f"The run `{self.id}` has not ended; cancel it first.")

    def child_run(
        self, name: str | None = None, run_id: str | None = None, outputs: str | None = None
    ) -> Any:
        """Start a run below this one; this program drives it."""
        return self._child(name, run_id, outputs, {})

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Any = None
    ) -> list[Any]:  # type: ignore[valid-type] # the builtin, not the method above
        """Start several runs below this one, one for each of `tag_values` or `count` of them."""
        wanted = child_tags(count, tag_key, tag_values)
        return [self._child(None, None, None, tags) for tags in wanted]

    def submit_child(self, config: Any, tags: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """Submit a script as a run below this one."""
        return self.experiment.submit(config, tags, _parent_run_id=self.id, **kwargs)

    def take_snapshot(self, file_or_folder_path: str) -> str:
        """Send a file or a folder and return the id of the snapshot."""
        source = Path(file_or_folder_path)
        if source.is_file():
            snapshot = self._nouns.snapshots.create_from(
                [local_bytes(source.name, source.read_bytes())]
            )
        else:
            snapshot = self._nouns.snapshots.create(source)
        return snapshot.id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.complete()
        else:
            self.fail("".join(traceback.format_exception_only(kind, error)).strip())

    def _child(
        self, name: str | None, run_id: str | None, outputs: str | None, tags: dict[str, str]
    ) -> Run:
        created = self._nouns.runs.create(
            RunIn(
                experiment=self.experiment.name,
                spec=RunSpec(kind="interactive"),
                id=run_id,
                parent_id=self.id,
                display_name=name,
                tags=text_pairs(tags, "tags"),
                beats=True,
            )
        )
        heart.keep(self._nouns.workspace, created.id)
        return Run(self.experiment, created.id, outputs=outputs, _seen=created)

    def _end(self, state: str, error: RunError | None, *, tell: bool) -> None:
        if self._outputs and Path(self._outputs).is_dir():
            self.upload_folder(Path(self._outputs).name, self._outputs)
        self.flush()
        if tell:
            self._seen = self._nouns.runs.end(self.id, state, error=error)
            heart.leave(self._nouns.workspace_id, self.id)

    def get_secret(self, name: str) -> str:
        """Return a secret of the workspace.

        Raises:
            UserErrorException: There is none of that name.
        """
        return str(self.experiment.workspace.get_default_keyvault().get_secret(name))

    def get_secrets(self, secrets: Any) -> dict[str, str | None]:
        """Return secrets of the workspace by name; None for those that are not there."""
        found: dict[str, str | None] = (
            self.experiment.workspace.get_default_keyvault().get_secrets(secrets)
        )
        return found


def _offline_run() -> _OfflineRun:
    """Return the one offline run of this program, or another once that has ended."""
    if not _offline or _offline[-1].status != "Running":
        _offline.append(_OfflineRun())
    return _offline[-1]


def get_run(experiment: Any, run_id: str, rehydrate: bool = True, clean_up: bool = True) -> Any:
    """Return a run of the experiment's workspace by its id."""
    nouns = _late.find("azureml.core._nouns", "nouns_of")(experiment.workspace)
    return from_wire(experiment, nouns.runs.get(run_id), rehydrate=rehydrate)
