"""An import from its beginning to its end."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

from zaffre_sdk.errors import InvalidError, NotFoundError
from zaffre_sdk.wire.experiments import ExperimentChange, ExperimentOut

from zaffre.importing.entities import Experiment, RunRef
from zaffre.importing.errors import BrokenThingError, ImportingError
from zaffre.importing.models import ModelWriter
from zaffre.importing.report import Report
from zaffre.importing.runs import RunWriter
from zaffre.importing.sources.source import Source
from zaffre.importing.target import Target
from zaffre.importing.traces import TraceWriter
from zaffre.importing.words import NOTE_TAG

_THREADS: Final = 4
_TRACES: Final = 100
_DEFAULT: Final = "Default"
_DEFAULT_ID: Final = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to bring.

    Attributes:
        experiments: By name or id; empty is all, and the models that are registered.
        files: Whether files come along.
    """

    experiments: Sequence[str] = ()
    files: bool = True


def chosen(source: Source, wanted: Wanted) -> list[Experiment]:
    """Return the experiments that are wanted.

    Raises:
        ImportingError: One of them is not there, or they cannot be read.
    """
    try:
        every = list(source.experiments())
    except BrokenThingError as error:
        raise ImportingError(f"The experiments cannot be read: {error}") from error
    if not wanted.experiments:
        return every
    missing = [one for one in wanted.experiments if not any(one in (e.name, e.id) for e in every)]
    if missing:
        names = ", ".join(sorted(experiment.name for experiment in every))
        raise ImportingError(f"There is no experiment {', '.join(missing)}. There are: {names}.")
    return [e for e in every if e.name in wanted.experiments or e.id in wanted.experiments]


def count(source: Source, wanted: Wanted, report: Report) -> None:
    """Count what an import would look at; nothing is sent, and files are not opened."""
    for experiment in chosen(source, wanted):
        with report.about(f"experiment {experiment.name}"):
            report.came("experiments")
            report.came("runs", sum(1 for _ in source.runs(experiment)))
            report.came("logged models", sum(1 for _ in source.logged_models(experiment)))
            report.came("traces", sum(1 for _ in source.traces(experiment)))
    if not wanted.experiments:
        with report.about("registered models"):
            for model in source.registered_models():
                report.came("registered models")
                report.came("versions", len(model.versions))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done of an experiment.

    Attributes:
        waiting: The runs that are to come.
        is_open: Whether it takes traces.
        archive: Whether it is put away when everything came.
    """

    experiment: Experiment
    ours: ExperimentOut
    waiting: list[RunRef]
    is_open: bool
    archive: bool


class Importer:
    """Brings what a source holds into a workspace: what is there already stays as it is."""

    def __init__(self, source: Source, target: Target, report: Report, *, wanted: Wanted) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._wanted = wanted
        self._runs = RunWriter(source, target, report, files=wanted.files)
        self._models = ModelWriter(source, target, report, files=wanted.files)
        self._traces = TraceWriter(target, report)
        self._there: dict[str, dict[str, str]] = {}

    def bring(self) -> None:
        """Bring everything that is wanted."""
        self._there = {run.id: run.properties for run in self._target.native.runs.list(limit=1000)}
        present = {one.name: one for one in self._target.native.experiments.list()}
        plans = []
        for experiment in chosen(self._source, self._wanted):
            with self._report.about(f"experiment {experiment.name}"):
                plans.append(self._planned(experiment, present.get(experiment.name)))
        with ThreadPoolExecutor(_THREADS) as pool:
            self._bring_runs([ref for plan in plans for ref in plan.waiting], pool)
            for plan in plans:
                if plan.is_open:
                    self._bring_traces(plan, pool)
        for plan in plans:
            if plan.archive:
                change = ExperimentChange(archived=True)
                self._target.native.experiments.change(plan.ours.id, change)
        if not self._wanted.experiments:
            with self._report.about("registered models"):
                for model in self._source.registered_models():
                    self._models.bring_registered(model)

    def _planned(self, experiment: Experiment, present: ExperimentOut | None) -> _Plan:
        """Return what is to be done of an experiment, which is open then if runs are to come."""
        ours = present or self._create(experiment)
        if present is None:
            self._report.came("experiments")
        else:
            self._report.was_there("experiments")
        for model in self._source.logged_models(experiment):
            self._models.bring_logged(model, _door_id(ours))
        refs = list(self._source.runs(experiment))
        waiting = [ref for ref in refs if not self._runs.is_done(self._there.get(ref.id, {}))]
        was_archived = ours.archived_at is not None
        if was_archived:
            waiting = [ref for ref in waiting if not self._came_before(ref)]
        self._report.was_there("runs", len(refs) - len(waiting))
        if was_archived and waiting:
            change = ExperimentChange(archived=False)
            self._target.native.experiments.change(ours.id, change)
        begun = present is None or bool(waiting)
        return _Plan(
            experiment,
            ours,
            waiting,
            is_open=not was_archived or bool(waiting),
            archive=(was_archived and bool(waiting)) or (experiment.is_deleted and begun),
        )

    def _create(self, experiment: Experiment) -> ExperimentOut:
        tags = {key: value for key, value in experiment.tags.items() if key != NOTE_TAG}
        made = self._target.native.experiments.ensure(experiment.name, tags=tags)
        note = experiment.tags.get(NOTE_TAG)
        if note:
            change = ExperimentChange(description=note)
            self._target.native.experiments.change(made.id, change)
        return made

    def _came_before(self, ref: RunRef) -> bool:
        try:
            return self._runs.is_done(self._target.native.runs.get(ref.id).properties)
        except NotFoundError:
            return False

    def _bring_runs(self, waiting: list[RunRef], pool: ThreadPoolExecutor) -> None:
        """Bring runs, parents before what is below them."""
        known = set(self._there)
        for level in _levels(waiting):
            _wait([pool.submit(self._bring_run, ref, known) for ref in level])
            known.update(ref.id for ref in level)

    def _bring_run(self, ref: RunRef, known: AbstractSet[str]) -> None:
        parent = ref.parent_id
        if parent is not None and parent not in known and not self._exists(parent):
            parent = None
        self._runs.bring(ref, parent_id=parent, there=ref.id in self._there)

    def _exists(self, run_id: str) -> bool:
        try:
            self._target.native.runs.get(run_id)
        except (NotFoundError, InvalidError):
            return False
        return True

    def _bring_traces(self, plan: _Plan, pool: ThreadPoolExecutor) -> None:
        place = _door_id(plan.ours)
        with self._report.about(f"traces of experiment {plan.experiment.name}"):
            traces = iter(self._source.traces(plan.experiment))
            while some := list(islice(traces, _TRACES)):
                _wait([pool.submit(self._traces.bring, trace, place) for trace in some])


def _door_id(ours: ExperimentOut) -> str:
    """Return the id by which programs of MLflow know an experiment."""
    return _DEFAULT_ID if ours.name == _DEFAULT else ours.id


def _levels(refs: list[RunRef]) -> list[list[RunRef]]:
    """Return runs in such an order that their parents come in an earlier list."""
    by_id = {ref.id: ref for ref in refs}
    depths: dict[str, int] = {}
    levels: list[list[RunRef]] = []
    for ref in refs:
        chain = []
        one: RunRef | None = ref
        while one is not None and one.id not in depths and one not in chain:
            chain.append(one)
            one = by_id.get(one.parent_id or "")
        depth = depths.get(one.id, -1) if one is not None else -1
        for above in reversed(chain):
            depth += 1
            depths[above.id] = depth
    for ref in refs:
        while len(levels) <= depths[ref.id]:
            levels.append([])
        levels[depths[ref.id]].append(ref)
    return levels


def _wait(jobs: Sequence[Future[None]]) -> None:
    """Wait for all; what stops one stops the import."""
    try:
        for job in jobs:
            job.result()
    finally:
        for job in jobs:
            job.cancel()
